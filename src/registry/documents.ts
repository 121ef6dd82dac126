import { EngineError, isEngineError } from '../base/mod.ts';
import { type Digest, isDigest } from '../spec/digest.ts';
import { digestOf } from '../spec/digest-of.ts';
import { MEDIA_TYPES } from '../spec/oci/image.ts';
import { MAX_MANIFEST_BYTES, type ManifestDocument, parseManifestDocument } from '../spec/oci/parse-image.ts';
import { canonicalName, type Reference } from '../spec/reference.ts';
import { credentialsOf } from './auth/credentials.ts';
import type { Endpoint } from './endpoints.ts';
import type { Answer } from './http/exchange.ts';
import { retrying } from './http/retry.ts';
import type { RegistryOptions } from './registry.ts';
import type { RegistryRequest, Session } from './session.ts';

const ACCEPT = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifest,
].join(', ');

/** A manifest as it came, verified. */
export interface Fetched {
  bytes: Buffer;
  digest: Digest;
  mediaType: string;
}

/** A GET of a manifest, by tag or digest. */
export function manifestRequest(
  reference: Reference,
  wanted: string,
  options: RegistryOptions,
): RegistryRequest {
  return {
    ...repositoryRequest(reference, `manifests/${wanted}`, options),
    headers: { accept: ACCEPT },
  };
}

/** A GET inside of the reference's repository. */
export function repositoryRequest(
  reference: Reference,
  path: string,
  options: RegistryOptions,
): RegistryRequest {
  return {
    method: 'GET',
    path: `/v2/${reference.path}/${path}`,
    scopes: [`repository:${reference.path}:pull`],
    credentials: credentialsOf(options.auth),
    signal: options.signal,
  };
}

/** The bytes of a manifest. By tag, the registry's own word for the digest is checked too if it sent one. */
export async function fetchManifest(
  session: Session,
  endpoint: Endpoint,
  request: RegistryRequest,
  expected: Digest | undefined,
): Promise<Fetched> {
  const { answer, bytes } = await fetchSmall(session, endpoint, request, MAX_MANIFEST_BYTES, 'manifest');
  const digest = digestOf(bytes);
  const declared = answer.headers['docker-content-digest'];
  const promised = expected ?? (typeof declared === 'string' && isDigest(declared) ? declared : digest);
  if (promised !== digest) {
    throw new EngineError('corrupt', `manifest verification failed for digest ${promised}`);
  }
  return { bytes, digest, mediaType: mediaTypeOf(answer) };
}

/** Asks until the whole of a small body is there. */
export async function fetchSmall(
  session: Session,
  endpoint: Endpoint,
  request: RegistryRequest,
  maxBytes: number,
  what: string,
): Promise<{ answer: Answer; bytes: Buffer }> {
  return await retrying(session.limitsOf(endpoint), request.signal, async () => {
    const answer = await session.send(endpoint, request);
    const declared = Number(answer.headers['content-length']);
    const bytes = declared > maxBytes ? undefined : await answer.body.bytes(maxBytes);
    if (bytes) return { answer, bytes };
    answer.body.destroy();
    throw new EngineError('corrupt', `${what} is larger than ${maxBytes} bytes`);
  });
}

/** What the bytes say. Throws `invalid` in Docker's words for what no engine takes any more. */
export function parseDocument({ bytes, mediaType }: Fetched, reference: Reference): ManifestDocument {
  try {
    return parseManifestDocument(bytes, mediaType);
  } catch (error) {
    if (!isEngineError(error, 'unimplemented')) throw error;
    throw new EngineError(
      'invalid',
      `Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. Suggest the author of ${canonicalName(reference)} to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2. More information at https://docs.docker.com/go/deprecated-image-specs/`,
      { cause: error },
    );
  }
}

/** `Content-Type` without parameters, '' if there is none. */
export function mediaTypeOf({ headers }: Answer): string {
  return headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
