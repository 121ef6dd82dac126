import { z } from 'zod';
import { EngineError } from '../../base/mod.ts';
import { type DiffId, type Digest, isDigest } from '../digest.ts';
import type { Platform } from '../platform.ts';
import { parseBoundedJson } from './bounded-json.ts';
import { type ImageConfig, type Index, type Manifest, MEDIA_TYPES } from './image.ts';

/** Spec: OCI distribution spec, "Pushing Manifests": the size every registry must take, and all that we take. */
export const MAX_MANIFEST_BYTES = 4 << 20;
export const MAX_CONFIG_BYTES = 8 << 20;
/** As many as one page of overlay mount options carries with short links. Compat: Docker ends at 125. */
export const MAX_LAYERS = 128;
const MAX_INDEX_ENTRIES = 4096;

/** Go reads null as the zero value, so images have null anywhere. */
const text = z.string().nullish();
const texts = z.array(z.string()).nullish();
const textMap = z
  .record(
    z.string(),
    z
      .string()
      .nullable()
      .transform((value) => value ?? ''),
  )
  .nullish();
const set = z
  .record(
    z.string(),
    z
      .object({})
      .nullable()
      .transform((value) => value ?? {}),
  )
  .nullish();
const nanoseconds = z.number().int().nullish();
const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'invalid digest');

const platform = z.object({
  os: text,
  architecture: text,
  variant: text,
  'os.version': text,
  'os.features': texts,
});

const descriptor = z.object({
  mediaType: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
  digest,
  size: z.number().int().nonnegative(),
  urls: texts,
  annotations: textMap,
  artifactType: text,
  platform: platform.nullish(),
});

const common = { schemaVersion: z.literal(2), mediaType: text, annotations: textMap };
const manifestSchema = z.object({ ...common, config: descriptor, layers: z.array(descriptor).max(10_000) });
const indexSchema = z.object({ ...common, manifests: z.array(descriptor).max(MAX_INDEX_ENTRIES) });

const healthcheck = z.object({
  Test: texts,
  Interval: nanoseconds,
  Timeout: nanoseconds,
  StartPeriod: nanoseconds,
  StartInterval: nanoseconds,
  Retries: nanoseconds,
});

const runConfig = z.object({
  User: text,
  ExposedPorts: set,
  Env: texts,
  Entrypoint: texts,
  Cmd: texts,
  Volumes: set,
  WorkingDir: text,
  Labels: textMap,
  StopSignal: text,
  ArgsEscaped: z.boolean().nullish(),
  Healthcheck: healthcheck.nullish(),
  OnBuild: texts,
  Shell: texts,
});

const historyEntry = z.object({
  created: text,
  created_by: text,
  author: text,
  comment: text,
  empty_layer: z.boolean().nullish(),
});

const configSchema = z.object({
  ...platform.shape,
  created: text,
  author: text,
  comment: text,
  docker_version: text,
  parent: text,
  config: runConfig.nullish(),
  rootfs: z.object({
    type: z.literal('layers'),
    diff_ids: z
      .array(digest)
      .nullish()
      .transform((value) => (value ?? []) as DiffId[]),
  }),
  history: z.array(historyEntry).nullish(),
});

/** A manifest or an index, told apart by what it contains, which must agree with `mediaType` where one is given. */
export type ManifestDocument = { kind: 'manifest'; manifest: Manifest } | { kind: 'index'; index: Index };

/**
 * Reads the body of a manifest request. A document that could be read as both kinds is refused (`corrupt`): one
 * reader would check what another one runs. `mediaType` is the Content-Type it came with, if that is known.
 */
export function parseManifestDocument(bytes: Uint8Array, mediaType?: string): ManifestDocument {
  const json = parseBoundedJson(bytes, 'manifest', MAX_MANIFEST_BYTES);
  const fields = z.record(z.string(), z.unknown()).safeParse(json).data ?? {};
  const has = (key: string) => fields[key] !== undefined && fields[key] !== null;
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
  if (isIndex) return { kind: 'index', index: check<Index>(indexSchema, json, 'image index') };
  const manifest = check<Manifest>(manifestSchema, json, 'manifest');
  if (manifest.layers.length > MAX_LAYERS) throw new EngineError('invalid', 'max depth exceeded');
  return { kind: 'manifest', manifest };
}

/** Reads an image's config document; fields that are null are left out. Throws `corrupt`. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const config = check<ImageConfig>(
    configSchema,
    parseBoundedJson(bytes, 'image configuration', MAX_CONFIG_BYTES),
    'image configuration',
  );
  if (config.rootfs.diff_ids.length > MAX_LAYERS) throw new EngineError('invalid', 'max depth exceeded');
  return config;
}

/** The platform an image was built for, as far as its config tells. */
export function platformOf(config: ImageConfig): Platform {
  return {
    os: config.os ?? '',
    architecture: config.architecture ?? '',
    ...(config.variant !== undefined && { variant: config.variant }),
    ...(config['os.version'] !== undefined && { 'os.version': config['os.version'] }),
  };
}

function kindOf(mediaType: unknown): ManifestDocument['kind'] | undefined {
  if (mediaType === MEDIA_TYPES.ociIndex || mediaType === MEDIA_TYPES.dockerManifestList) return 'index';
  if (mediaType === MEDIA_TYPES.ociManifest || mediaType === MEDIA_TYPES.dockerManifest) return 'manifest';
  return undefined;
}

function check<T>(schema: z.ZodType, json: unknown, what: string): T {
  const result = schema.safeParse(json);
  if (result.success) return withoutNulls(result.data) as T;
  const [issue] = result.error.issues;
  throw new EngineError('corrupt', `invalid ${what}: ${issue?.path.join('.')}: ${issue?.message}`);
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutNulls(inner)]));
}
