import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { chooseManifest } from './choose-manifest.ts';
import { type Index, MEDIA_TYPES } from './image.ts';
import { MAX_LAYERS, MAX_MANIFEST_BYTES, parseImageConfig, parseManifestDocument } from './parse-image.ts';

const digest = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}`;
const blob = (n: number) => ({ mediaType: MEDIA_TYPES.ociLayerGzip, digest: digest(n), size: n });
const manifest = {
  schemaVersion: 2,
  config: { ...blob(1), mediaType: MEDIA_TYPES.ociConfig },
  layers: [blob(2)],
};
const index = { schemaVersion: 2, manifests: [blob(1)] };
const encode = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const parse = (value: unknown, mediaType?: string) => parseManifestDocument(encode(value), mediaType);

describe('parseManifestDocument', () => {
  test('tells manifest and index apart by content', () => {
    expect(parse(manifest)).toMatchObject({ kind: 'manifest', manifest });
    expect(parse(index)).toMatchObject({ kind: 'index', index });
    expect(parse({ ...manifest, layers: [], annotations: null })).toMatchObject({ kind: 'manifest' });
  });

  test.each([
    ['both kinds at once', { ...manifest, manifests: [blob(1)] }, undefined, 'both an image and an index'],
    ['an index sent as a manifest', index, MEDIA_TYPES.ociManifest, 'does not match its media type'],
    [
      'a manifest that calls itself an index',
      { ...manifest, mediaType: MEDIA_TYPES.ociIndex },
      undefined,
      'media type',
    ],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, undefined, 'schema version not supported'],
    ['no schema version', { ...manifest, schemaVersion: undefined }, undefined, 'schemaVersion'],
    ['a negative size', { ...manifest, layers: [{ ...blob(1), size: -1 }] }, undefined, 'layers.0.size'],
    [
      'a size beyond 2^53',
      { ...manifest, layers: [{ ...blob(1), size: 1e300 }] },
      undefined,
      'layers.0.size',
    ],
    [
      'a digest with a path in it',
      { ...manifest, layers: [{ ...blob(1), digest: '../x' }] },
      undefined,
      'digest',
    ],
    ['no config', { schemaVersion: 2, layers: [] }, undefined, 'config'],
    ['an array', [], undefined, 'invalid manifest'],
    ['no JSON', '<html>', undefined, 'not valid JSON'],
    ['broken UTF-8 in place of text', '"\xff', undefined, 'not valid JSON'],
    ['nesting of a million levels', '['.repeat(1_000_000), undefined, 'nested more than 64'],
    ['too many bytes', ' '.repeat(MAX_MANIFEST_BYTES + 1), undefined, 'larger than'],
    [
      'too many layers',
      { ...manifest, layers: Array(MAX_LAYERS + 1).fill(blob(1)) },
      undefined,
      'max depth exceeded',
    ],
  ])('refuses %s', (_what, document, mediaType, message) => {
    expect(() => parse(document, mediaType)).toThrow(message);
  });

  test('takes as many layers as promised', () => {
    expect(parse({ ...manifest, layers: Array(MAX_LAYERS).fill(blob(1)) })).toMatchObject({
      kind: 'manifest',
    });
  });

  test('throws only EngineErrors whatever JSON comes in', () => {
    const keys = fc.constantFrom(
      'schemaVersion',
      'config',
      'layers',
      'manifests',
      'mediaType',
      '__proto__',
      'x',
    );
    const value = fc.oneof(fc.jsonValue(), fc.constant(2), fc.constant([blob(1)]), fc.constant(blob(1)));
    fc.assert(
      fc.property(fc.dictionary(keys, value), (document) => {
        try {
          parse(document);
        } catch (error) {
          expect(error).toHaveProperty('name', 'EngineError');
        }
      }),
    );
  });
});

describe('parseImageConfig', () => {
  const rootfs = { type: 'layers', diff_ids: [digest(1)] };

  test('leaves null fields out and keeps the rest', () => {
    const config = {
      os: 'linux',
      config: { Env: null, Cmd: ['sh'], Volumes: { '/v': {} }, User: '0' },
      rootfs,
    };
    expect(parseImageConfig(encode({ ...config, history: null }))).toEqual({
      os: 'linux',
      config: { Cmd: ['sh'], Volumes: { '/v': {} }, User: '0' },
      rootfs: { type: 'layers', diff_ids: [digest(1)] } as never,
    });
    expect(parseImageConfig(encode({ rootfs: { type: 'layers', diff_ids: null } })).rootfs.diff_ids).toEqual(
      [],
    );
  });

  test('a label named __proto__ pollutes nothing', () => {
    const bytes = encode(
      `{"rootfs":${JSON.stringify(rootfs)},"config":{"Labels":{"__proto__":"x","a":"b"}}}`,
    );
    const labels = parseImageConfig(bytes).config?.Labels;
    expect(Object.getPrototypeOf(labels)).toBe(Object.prototype);
    expect(labels?.['a']).toBe('b');
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  test.each([
    ['no rootfs', {}],
    ['another rootfs type', { rootfs: { type: 'x', diff_ids: [] } }],
    ['a diffID that is none', { rootfs: { type: 'layers', diff_ids: ['sha256:1'] } }],
    ['an environment of numbers', { rootfs, config: { Env: [1] } }],
  ])('refuses %s', (_what, document) => {
    expect(() => parseImageConfig(encode(document))).toThrow('invalid image configuration');
  });
});

describe('chooseManifest', () => {
  const entry = (n: number, os?: string, architecture?: string, variant?: string) =>
    ({ ...blob(n), ...(os && { platform: { os, architecture, ...(variant && { variant }) } }) }) as never;
  const of = (...manifests: never[]): Index => ({ schemaVersion: 2, manifests });
  const amd64 = { os: 'linux', architecture: 'amd64' };

  test('takes the best match, not the first', () => {
    const arm = of(
      entry(1, 'linux', 'arm', 'v6'),
      entry(2, 'linux', 'arm', 'v7'),
      entry(3, 'unknown', 'unknown'),
    );
    expect(chooseManifest(arm, { os: 'linux', architecture: 'arm', variant: 'v7' }).size).toBe(2);
    expect(chooseManifest(arm, { os: 'linux', architecture: 'arm', variant: 'v6' }).size).toBe(1);
  });

  test('an entry without platform is the last resort', () => {
    expect(chooseManifest(of(entry(1), entry(2, 'linux', 'amd64')), amd64).size).toBe(2);
    expect(chooseManifest(of(entry(1), entry(2, 'linux', 's390x')), amd64).size).toBe(1);
  });

  test("says Docker's sentence when nothing matches", () => {
    expect(() =>
      chooseManifest(of(entry(1, 'unknown', 'unknown'), entry(2, 'linux', 's390x')), amd64),
    ).toThrow('no matching manifest for linux/amd64 in the manifest list entries');
  });
});
