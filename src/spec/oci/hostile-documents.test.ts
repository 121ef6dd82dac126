import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { isEngineError } from '../../base/mod.ts';
import { chooseManifest } from './choose-manifest.ts';
import { MAX_LAYERS, parseImageConfig, parseManifestDocument } from './parse-image.ts';

const digest = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => `sha256:${Buffer.from(bytes).toString('hex')}`);
const odd = fc.oneof(fc.jsonValue(), fc.constantFrom(null, -1, Number.MAX_VALUE, '', [], {}, '__proto__'));
const maybe = <T>(right: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: right as fc.Arbitrary<unknown> }, odd);
const text = fc.constantFrom('linux', 'arm', 'v7', 'amd64', 'unknown', '', '../..', '\0');
const descriptor = fc.record(
  {
    mediaType: maybe(fc.constantFrom('application/vnd.oci.image.manifest.v1+json', 'text/plain')),
    digest: maybe(digest),
    size: maybe(fc.nat()),
    platform: maybe(fc.record({ os: text, architecture: text, variant: text }, { requiredKeys: [] })),
    annotations: maybe(fc.dictionary(fc.string(), fc.string())),
  },
  { requiredKeys: [] },
);
const document = fc.record(
  {
    schemaVersion: maybe(fc.constant(2)),
    mediaType: maybe(fc.constant('application/vnd.oci.image.index.v1+json')),
    config: maybe(descriptor),
    layers: maybe(fc.array(descriptor, { maxLength: 4 })),
    manifests: maybe(fc.array(descriptor, { maxLength: 4 })),
  },
  { requiredKeys: [] },
);
const config = fc.record(
  {
    os: maybe(text),
    architecture: maybe(text),
    config: maybe(fc.record({ Env: maybe(fc.array(fc.string())), Labels: maybe(fc.dictionary(text, text)) })),
    rootfs: maybe(fc.record({ type: maybe(fc.constant('layers')), diff_ids: maybe(fc.array(digest)) })),
    history: maybe(fc.array(fc.record({ created: maybe(fc.string()) }))),
  },
  { requiredKeys: [] },
);

/** Gives undefined where it was refused; any other error than an EngineError is a bug. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!isEngineError(error)) throw error;
    return undefined;
  }
}

const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '');

describe('whatever a registry sends', () => {
  test('a manifest is read as one kind with sound entries, or refused', () => {
    fc.assert(
      fc.property(document, (value) => {
        const parsed = attempt(() => parseManifestDocument(bytesOf(value)));
        if (!parsed) return;
        const entries = parsed.kind === 'index' ? parsed.index.manifests : parsed.manifest.layers;
        const all = parsed.kind === 'index' ? entries : [...entries, parsed.manifest.config];
        for (const { digest: name, size } of all) {
          expect(name).toMatch(/^sha256:[0-9a-f]{64}$/);
          expect(Number.isSafeInteger(size) && size >= 0).toBe(true);
        }
        expect(parsed.kind === 'index' && 'layers' in value && value.layers !== null).toBe(false);
        if (parsed.kind === 'manifest') expect(entries.length).toBeLessThanOrEqual(MAX_LAYERS);
      }),
      { numRuns: 300 },
    );
  });

  test('an index gives one of its own entries, never an attestation, or none', () => {
    fc.assert(
      fc.property(fc.array(descriptor, { maxLength: 5 }), text, text, (manifests, architecture, variant) => {
        const parsed = attempt(() => parseManifestDocument(bytesOf({ schemaVersion: 2, manifests })));
        if (parsed?.kind !== 'index') return;
        const chosen = attempt(() => chooseManifest(parsed.index, { os: 'linux', architecture, variant }));
        if (!chosen) return;
        expect(parsed.index.manifests).toContain(chosen);
        expect(chosen.annotations?.['vnd.docker.reference.type']).not.toBe('attestation-manifest');
      }),
      { numRuns: 300 },
    );
  });

  test('a configuration is read or refused', () => {
    fc.assert(
      fc.property(config, (value) => {
        const parsed = attempt(() => parseImageConfig(bytesOf(value)));
        if (parsed) expect(Array.isArray(parsed.rootfs.diff_ids)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('bytes of any kind are read or refused', () => {
    const brackets = fc.string({
      unit: fc.constantFrom('[', '{', '"', '\\', ']', '}', ':', ','),
      maxLength: 300,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          brackets.map((s) => Buffer.from(s)),
        ),
        (bytes) => {
          attempt(() => parseManifestDocument(bytes));
          attempt(() => parseImageConfig(bytes));
        },
      ),
      { numRuns: 300 },
    );
  });
});
