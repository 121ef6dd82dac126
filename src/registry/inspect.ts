import { EngineError } from '../base/mod.ts';
import { digestOf } from '../spec/digest-of.ts';
import { parseBoundedJson } from '../spec/oci/bounded-json.ts';
import type { Descriptor, Manifest } from '../spec/oci/image.ts';
import { MAX_CONFIG_BYTES } from '../spec/oci/parse-image.ts';
import type { Platform } from '../spec/platform.ts';
import type { Reference } from '../spec/reference.ts';
import { list, object, optional, shapedOr, text, withDefault } from '../spec/shape.ts';
import { fetchManifest, fetchSmall, manifestRequest, parseDocument, repositoryRequest } from './documents.ts';
import type { Endpoint } from './endpoints.ts';
import { AnswerError } from './errors.ts';
import { lookUp } from './look-up.ts';
import type { DistributionInspect, RegistryOptions } from './registry.ts';
import type { Session } from './session.ts';

const platformShape = object({
  architecture: withDefault(text, ''),
  os: withDefault(text, ''),
  'os.version': optional(text),
  'os.features': optional(list(text)),
  variant: optional(text),
});

/** See `Registry.inspect`. Compat: moby's `distribution_routes.go`. */
export async function inspect(
  session: Session,
  reference: Reference,
  options: RegistryOptions,
): Promise<DistributionInspect> {
  return await lookUp(session, reference, (endpoint) => inspectAt(session, endpoint, reference, options));
}

async function inspectAt(
  session: Session,
  endpoint: Endpoint,
  reference: Reference,
  options: RegistryOptions,
): Promise<DistributionInspect> {
  const wanted = reference.digest ?? reference.tag ?? 'latest';
  const request = { ...manifestRequest(reference, wanted, options), opening: true };
  const fetched = await fetchManifest(session, endpoint, request, reference.digest);
  const document = parseDocument(fetched, reference);
  const Descriptor: Descriptor = {
    mediaType: fetched.mediaType,
    digest: fetched.digest,
    size: fetched.bytes.length,
  };
  if (document.kind === 'index') {
    const platforms = document.index.manifests.map(({ platform }) =>
      shapedOr(platformShape, platform ?? {}, undefined),
    );
    return { Descriptor, Platforms: platforms.filter((platform) => platform !== undefined) };
  }
  const platform = await platformOf(session, endpoint, reference, document.manifest, options);
  return { Descriptor, Platforms: platform && [platform] };
}

/** Compat: where the config says nothing, or is not there, that is no error. */
async function platformOf(
  session: Session,
  endpoint: Endpoint,
  reference: Reference,
  { config }: Manifest,
  options: RegistryOptions,
): Promise<Platform | null> {
  const request = repositoryRequest(reference, `blobs/${config.digest}`, options);
  try {
    const { bytes } = await fetchSmall(session, endpoint, request, MAX_CONFIG_BYTES, 'image configuration');
    if (digestOf(bytes) !== config.digest) return null;
    const json = parseBoundedJson(bytes, 'image configuration', MAX_CONFIG_BYTES);
    const platform = shapedOr(platformShape, json, undefined);
    return platform && (platform.os || platform.architecture) ? platform : null;
  } catch (error) {
    if (error instanceof EngineError || error instanceof AnswerError) return null;
    throw error;
  }
}
