import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { EngineError } from '../../base/mod.ts';
import { parseArchiveManifest } from './archive-manifest.ts';

const parse = (text: string) => parseArchiveManifest(Buffer.from(text));

describe('parseArchiveManifest', () => {
  test('takes what Docker writes, and null for a list', () => {
    const text =
      '[{"Config":"blobs/sha256/a","RepoTags":["x:1"],"Layers":["l/layer.tar"],"LayerSources":{}}]';
    expect(parse(text)).toEqual([{ Config: 'blobs/sha256/a', RepoTags: ['x:1'], Layers: ['l/layer.tar'] }]);
    expect(parse('[{"Config":"c","RepoTags":null,"Layers":null,"Parent":"sha256:1"}]')).toEqual([
      { Config: 'c', RepoTags: [], Layers: [], Parent: 'sha256:1' },
    ]);
    expect(parse('[]')).toEqual([]);
  });

  test('refuses null in the words of Docker, and everything else that is no list of images', () => {
    expect(() => parse('null')).toThrow('invalid manifest, manifest cannot be null (but can be [])');
    for (const bad of ['', '{}', '[1]', '[{"Config":1}]', '[{"Layers":[{}]}]', '[{"RepoTags":"x"}]', '[']) {
      expect(() => parse(bad)).toThrow(EngineError);
    }
    expect(() => parse('['.repeat(100_000))).toThrow('nested more than 64 levels deep');
    expect(() => parse(`[${'{},'.repeat(20_000)}{}]`)).toThrow('no more than 16384 entries');
  });

  test('answers any JSON, and any bytes, with images or an error of ours', () => {
    const check = (bytes: Uint8Array) => {
      try {
        for (const image of parseArchiveManifest(bytes)) {
          expect(typeof image.Config).toBe('string');
          expect(image.Layers.every((layer) => typeof layer === 'string')).toBe(true);
          expect(image.RepoTags.every((tag) => typeof tag === 'string')).toBe(true);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError);
      }
    };
    const odd = fc.record(
      { Config: fc.anything(), RepoTags: fc.anything(), Layers: fc.anything(), Parent: fc.anything() },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check));
    fc.assert(fc.property(fc.json(), (text) => check(Buffer.from(text))));
    fc.assert(
      fc.property(fc.array(odd, { maxLength: 3 }), (value) => {
        check(Buffer.from(JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? 0 : part))));
      }),
    );
  });
});
