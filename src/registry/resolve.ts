import { createHash } from 'node:crypto';
import { EngineError, isEngineError } from '../base/mod.ts';
import { type Digest, isDigest } from '../spec/digest.ts';
import { chooseManifest } from '../spec/oci/choose-manifest.ts';
import { type Descriptor, type ImageConfig, type Manifest, MEDIA_TYPES } from '../spec/oci/image.ts';
import {
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  parseImageConfig,
  parseManifestDocument,
} from '../spec/oci/parse-image.ts';
import type { Platform } from '../spec/platform.ts';
import { canonicalName, type Reference } from '../spec/reference.ts';
import { credentialsOf } from './auth/credentials.ts';
import type { Endpoint } from './endpoints.ts';
import { pullError } from './errors.ts';
import type { Answer } from './http/exchange.ts';
import { retrying } from './http/retry.ts';
import type { RegistryOptions, ResolvedImage } from './registry.ts';
import type { RegistryRequest, Session } from './session.ts';

const ACCEPT = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifest,
].join(', ');

/** Config types that mean an image. Compat: moby's `ImageTypes`; old registries gave the odd ones. */
const CONFIG_TYPES: ReadonlySet<string> = new Set([
  MEDIA_TYPES.dockerConfig,
  MEDIA_TYPES.ociConfig,
  'application/octet-stream',
  'application/json',
  'text/html',
  '',
]);
const PLUGIN_CONFIG = 'application/vnd.docker.plugin.v1+json';
const LAYER_TYPE = /^application\/vnd\.(oci\.image\.layer|docker\.image\.rootfs)\./;

interface Fetched {
  bytes: Buffer;
  digest: Digest;
  mediaType: string;
}

/** See `Registry.resolve`. Two requests for a plain image, three through an index. */
export async function resolve(
  session: Session,
  reference: Reference,
  options: RegistryOptions & { platform?: Platform },
): Promise<ResolvedImage> {
  try {
    return await session.withEndpoint(reference.domain, (endpoint) =>
      resolveAt(session, endpoint, reference, options),
    );
  } catch (error) {
    throw pullError(error, reference);
  }
}

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

async function resolveAt(
  session: Session,
  endpoint: Endpoint,
  reference: Reference,
  options: RegistryOptions & { platform?: Platform },
): Promise<ResolvedImage> {
  const wanted = reference.digest ?? reference.tag ?? 'latest';
  const opening = { ...manifestRequest(reference, wanted, options), opening: true };
  const top = await fetchManifest(session, endpoint, opening, reference.digest);
  const target: Descriptor = { mediaType: top.mediaType, digest: top.digest, size: top.bytes.length };
  const document = parseDocument(top, reference);
  if (document.kind === 'manifest') {
    const { manifest } = document;
    return { target, manifest, manifestDigest: top.digest, ...(await config(manifest)) };
  }
  const entry = chooseManifest(document.index, options.platform);
  if (entry.size > MAX_MANIFEST_BYTES) throw new EngineError('corrupt', 'manifest is too large');
  const request = manifestRequest(reference, entry.digest, options);
  const inner = await fetchManifest(session, endpoint, request, entry.digest);
  const { kind, ...rest } = parseDocument(inner, reference);
  if (kind === 'index' || !('manifest' in rest)) {
    throw new EngineError('corrupt', 'an image index that names another index is not supported');
  }
  return { target, manifest: rest.manifest, manifestDigest: inner.digest, ...(await config(rest.manifest)) };

  function config(manifest: Manifest) {
    return fetchConfig(session, endpoint, reference, manifest, options);
  }
}

function manifestRequest(reference: Reference, wanted: string, options: RegistryOptions): RegistryRequest {
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
async function fetchManifest(
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

async function fetchConfig(
  session: Session,
  endpoint: Endpoint,
  reference: Reference,
  manifest: Manifest,
  options: RegistryOptions,
): Promise<{ configBytes: Buffer; config: ImageConfig }> {
  const { mediaType, digest, size } = manifest.config;
  if (!CONFIG_TYPES.has(mediaType)) {
    const what = mediaType === PLUGIN_CONFIG ? 'plugin' : 'unknown';
    throw new EngineError('invalid', `Encountered remote "${mediaType}"(${what}) when fetching`);
  }
  for (const layer of manifest.layers) {
    if (!LAYER_TYPE.test(layer.mediaType)) {
      throw new EngineError('invalid', `unsupported media type ${layer.mediaType}`);
    }
  }
  if (size > MAX_CONFIG_BYTES) throw new EngineError('corrupt', 'image configuration is too large');
  const request = repositoryRequest(reference, `blobs/${digest}`, options);
  const { bytes } = await fetchSmall(session, endpoint, request, MAX_CONFIG_BYTES, 'image configuration');
  if (digestOf(bytes) !== digest || bytes.length !== size) {
    throw new EngineError('corrupt', `image config verification failed for digest ${digest}`);
  }
  const config = parseImageConfig(bytes);
  if (config.rootfs.diff_ids.length !== manifest.layers.length) {
    throw new EngineError('corrupt', "layers from manifest don't match image configuration");
  }
  if (config.os && config.os !== 'linux') {
    throw new EngineError(
      'invalid',
      `image operating system "${config.os}" cannot be used on this platform: operating system is not supported`,
    );
  }
  return { configBytes: bytes, config };
}

/** Asks until the whole of a small body is there. */
async function fetchSmall(
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

function parseDocument({ bytes, mediaType }: Fetched, reference: Reference) {
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

function mediaTypeOf({ headers }: Answer): string {
  return headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}
