import { EngineError } from '../../base/mod.ts';
import { type DiffId, type Digest, isDigest } from '../digest.ts';
import {
  flag,
  integer,
  list,
  mapOf,
  object,
  optional,
  type Shape,
  ShapeError,
  shaped,
  text,
  where,
  withDefault,
} from '../shape.ts';
import { parseBoundedJson } from './bounded-json.ts';
import { type ImageConfig, type Index, type Manifest, MEDIA_TYPES } from './image.ts';

/** Spec: OCI distribution spec, "Pushing Manifests": the size every registry must take, and all that we take. */
export const MAX_MANIFEST_BYTES = 4 << 20;
export const MAX_CONFIG_BYTES = 8 << 20;
/** As many as one page of overlay mount options carries with short links. Compat: Docker ends at 125. */
export const MAX_LAYERS = 128;
const MAX_INDEX_ENTRIES = 4096;

const set = mapOf(withDefault(object({}), {}));
const texts = optional(list(text));
const textMap = optional(mapOf(withDefault(text, '')));
const digest = where(
  'a sha256 digest',
  (value): value is Digest => typeof value === 'string' && isDigest(value),
);
const diffId = where(
  'a sha256 digest',
  (value): value is DiffId => typeof value === 'string' && isDigest(value),
);

const platformFields = {
  os: optional(text),
  architecture: optional(text),
  variant: optional(text),
  'os.version': optional(text),
  'os.features': texts,
};

const descriptor = object({
  mediaType: withDefault(text, ''),
  digest,
  size: integer(0),
  urls: texts,
  annotations: textMap,
  artifactType: optional(text),
  platform: optional(
    object({ ...platformFields, os: withDefault(text, ''), architecture: withDefault(text, '') }),
  ),
});

const common = {
  schemaVersion: where('2', (value): value is 2 => value === 2),
  mediaType: optional(text),
  annotations: textMap,
};
const manifestShape = object({ ...common, config: descriptor, layers: list(descriptor) });
const indexShape = object({ ...common, manifests: list(descriptor, MAX_INDEX_ENTRIES) });

const runConfig = object({
  User: optional(text),
  ExposedPorts: optional(set),
  Env: texts,
  Entrypoint: texts,
  Cmd: texts,
  Volumes: optional(set),
  WorkingDir: optional(text),
  Labels: textMap,
  StopSignal: optional(text),
  ArgsEscaped: optional(flag),
  Healthcheck: optional(
    object({
      Test: texts,
      Interval: optional(integer()),
      Timeout: optional(integer()),
      StartPeriod: optional(integer()),
      StartInterval: optional(integer()),
      Retries: optional(integer()),
    }),
  ),
  OnBuild: texts,
  Shell: texts,
});

const historyEntry = object({
  created: optional(text),
  created_by: optional(text),
  author: optional(text),
  comment: optional(text),
  empty_layer: optional(flag),
});

const configShape = object({
  ...platformFields,
  created: optional(text),
  author: optional(text),
  comment: optional(text),
  docker_version: optional(text),
  parent: optional(text),
  config: optional(runConfig),
  rootfs: object({
    type: where('"layers"', (value): value is 'layers' => value === 'layers'),
    diff_ids: withDefault(list(diffId), []),
  }),
  history: optional(list(historyEntry)),
});

/** A manifest or an index, told apart by what it contains, which must agree with `mediaType` where one is given. */
export type ManifestDocument = { kind: 'manifest'; manifest: Manifest } | { kind: 'index'; index: Index };

/**
 * Reads the body of a manifest request. A document that could be read as both kinds is refused (`corrupt`): one
 * reader would check what another one runs. `mediaType` is the Content-Type it came with, if that is known.
 */
export function parseManifestDocument(bytes: Uint8Array, mediaType?: string): ManifestDocument {
  const json = parseBoundedJson(bytes, 'manifest', MAX_MANIFEST_BYTES);
  const fields = check(
    mapOf((value) => value),
    json,
    'manifest',
  );
  const has = (key: string) => Object.hasOwn(fields, key) && fields[key] !== null;
  if (fields['schemaVersion'] === 1) {
    throw new EngineError('unimplemented', 'manifest schema version not supported');
  }
  const isIndex = has('manifests');
  if (isIndex && (has('layers') || has('config'))) {
    throw new EngineError('corrupt', 'manifest is both an image and an index');
  }
  for (const declared of [mediaType, fields['mediaType']]) {
    const kind = kindOf(declared);
    if (kind !== undefined && kind !== (isIndex ? 'index' : 'manifest')) {
      throw new EngineError('corrupt', `manifest does not match its media type ${String(declared)}`);
    }
  }
  if (isIndex) return { kind: 'index', index: check<Index>(indexShape, json, 'image index') };
  const manifest = check<Manifest>(manifestShape, json, 'manifest');
  if (manifest.layers.length > MAX_LAYERS) throw new EngineError('invalid', 'max depth exceeded');
  return { kind: 'manifest', manifest };
}

/** Reads an image's config document; fields that are null are left out. Throws `corrupt`. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const config = check<ImageConfig>(
    configShape,
    parseBoundedJson(bytes, 'image configuration', MAX_CONFIG_BYTES),
    'image configuration',
  );
  if (config.rootfs.diff_ids.length > MAX_LAYERS) throw new EngineError('invalid', 'max depth exceeded');
  return config;
}

function kindOf(mediaType: unknown): ManifestDocument['kind'] | undefined {
  if (mediaType === MEDIA_TYPES.ociIndex || mediaType === MEDIA_TYPES.dockerManifestList) return 'index';
  if (mediaType === MEDIA_TYPES.ociManifest || mediaType === MEDIA_TYPES.dockerManifest) return 'manifest';
  return undefined;
}

function check<T>(shape: Shape<T>, json: unknown, what: string): T {
  try {
    return shaped(shape, json);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new EngineError('corrupt', `invalid ${what}: ${error.message}`, { cause: error });
  }
}
