import { isDigest } from '../spec/digest.ts';
import type { Descriptor } from '../spec/oci/image.ts';
import type { Reference } from '../spec/reference.ts';
import { fetchManifest, manifestRequest, mediaTypeOf } from './documents.ts';
import { pullError } from './errors.ts';
import type { RegistryOptions } from './registry.ts';
import type { Session } from './session.ts';

/** See `Registry.describe`. */
export async function describe(
  session: Session,
  reference: Reference,
  options: RegistryOptions,
): Promise<Descriptor> {
  try {
    return await session.withEndpoint(reference.domain, async (endpoint) => {
      const request = manifestRequest(reference, reference.digest ?? reference.tag ?? 'latest', options);
      const answer = await session.sendRetrying(endpoint, { ...request, method: 'HEAD', opening: true });
      await answer.body.discard();
      const digest = String(answer.headers['docker-content-digest'] ?? '');
      if (isDigest(digest) && (reference.digest === undefined || reference.digest === digest)) {
        const size = Number(answer.headers['content-length'] ?? 0);
        return { mediaType: mediaTypeOf(answer), digest, size };
      }
      // A registry need not send the header; then only the bytes tell.
      const fetched = await fetchManifest(session, endpoint, request, reference.digest);
      return { mediaType: fetched.mediaType, digest: fetched.digest, size: fetched.bytes.length };
    });
  } catch (error) {
    throw pullError(error, reference);
  }
}
