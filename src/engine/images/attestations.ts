import type { AttestationStatement } from '../../registry/mod.ts';
import { hostPlatform } from '../../spec/platform.ts';
import { parseReference } from '../../spec/reference.ts';
import type { ImagesContext } from './context.ts';
import type { AttestationsOptions } from './images.ts';
import { resolve } from './resolve.ts';

/**
 * See `Images.attestations`. Compat: a Docker that keeps indexes reads them from its store, one that does not answers
 * 501; we keep none either, but know by its digest what to ask the registry for.
 */
export async function attestations(
  context: ImagesContext,
  ref: string,
  options: AttestationsOptions,
): Promise<AttestationStatement[]> {
  const { id } = resolve(context, ref);
  const platform = options.platform ?? hostPlatform();
  const sources = context.images.namesOf(id).map(parseReference);
  let failure: unknown;
  for (const { domain, path, digest } of sources) {
    if (!digest) continue;
    try {
      return await context.registry.attestations({ domain, path, digest }, { ...options, platform });
    } catch (error) {
      // The same image may have come from several places, and some of them may have gone.
      if (options.signal.aborted) throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  return [];
}
