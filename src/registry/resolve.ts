import { EngineError } from '../base/mod.ts';
import { digestOf } from '../spec/digest-of.ts';
import { chooseManifest } from '../spec/oci/choose-manifest.ts';
import { type Descriptor, type ImageConfig, type Manifest, MEDIA_TYPES } from '../spec/oci/image.ts';
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, parseImageConfig } from '../spec/oci/parse-image.ts';
import type { Platform } from '../spec/platform.ts';
import type { Reference } from '../spec/reference.ts';
import { fetchManifest, fetchSmall, manifestRequest, parseDocument, repositoryRequest } from './documents.ts';
import type { Endpoint } from './endpoints.ts';
import { pullError } from './errors.ts';
import type { RegistryOptions, ResolvedImage } from './registry.ts';
import type { Session } from './session.ts';

/** Config types that mean an image. Compat: moby's `ImageTypes`; old registries gave the odd ones. */
const CONFIG_TYPES: ReadonlySet<string> = new Set([
  MEDIA_TYPES.dockerConfig,
  MEDIA_TYPES.ociConfig,
  'application/octet-stream',
  'application/json',
  'text/html',
  '',
]);
const SUPPORTED_TYPE =
  /^(application\/vnd\.(oci\.image|docker)\..*|application\/(octet-stream|json)|text\/html|)$/i;
const PLUGIN_CONFIG = 'application/vnd.docker.plugin.v1+json';
const LAYER_TYPE = /^application\/vnd\.(oci\.image\.layer|docker\.image\.rootfs)\./;

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

async function fetchConfig(
  session: Session,
  endpoint: Endpoint,
  reference: Reference,
  manifest: Manifest,
  options: RegistryOptions,
): Promise<{ configBytes: Buffer; config: ImageConfig }> {
  const { mediaType, digest, size } = manifest.config;
  // Compat: of an OCI manifest Docker refuses a config that is no container's in these words, of its own in those below.
  if (manifest.mediaType !== MEDIA_TYPES.dockerManifest && !SUPPORTED_TYPE.test(mediaType)) {
    throw new EngineError('invalid', `unsupported media type ${mediaType}`);
  }
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
