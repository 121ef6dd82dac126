import { expect, test } from 'bun:test';
import { silentLogger } from '../../base/mod.ts';
import type { Digest } from '../../spec/digest.ts';
import type { ImagesContext } from './context.ts';
import { pull } from './pull.ts';
import { Slots } from './slots.ts';

const digest = `sha256:${'a'.repeat(64)}` as Digest;

/** The names that pulling `text` gives to an image without layers. */
async function namesAfterPull(text: string): Promise<string[]> {
  const names: string[] = [];
  const resolved = {
    target: { mediaType: '', digest, size: 1 },
    manifest: { layers: [], config: { digest } },
    config: { rootfs: { diff_ids: [] } },
    configBytes: Buffer.from('{}'),
  };
  const context = {
    images: {
      get: () => undefined,
      lookup: () => undefined,
      put: async () => ({}),
      setName: async (name: string) => void names.push(name),
    },
    layers: {},
    registry: { resolve: async () => resolved },
    events: { publish: () => {} },
    log: silentLogger,
    downloads: new Slots(3),
  };
  const { signal } = new AbortController();
  await pull(context as unknown as ImagesContext, text, { signal }, () => {});
  return names;
}

test('a pull names the image by tag and by digest, or by digest alone where one was asked for', async () => {
  const byDigest = `localhost:5000/x@${digest}`;
  expect(await namesAfterPull('localhost:5000/x:1')).toEqual(['localhost:5000/x:1', byDigest]);
  expect(await namesAfterPull(`localhost:5000/x@${digest}`)).toEqual([byDigest]);
  // Compat: beside a digest the tag says nothing.
  expect(await namesAfterPull(`localhost:5000/x:1@${digest}`)).toEqual([byDigest]);
});
