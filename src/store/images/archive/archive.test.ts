import { describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { EngineError } from '../../../base/mod.ts';
import {
  type Member,
  nothingStaged,
  pieces,
  sha256,
  type TestStore,
  tarOf,
  testStore,
} from '../../testing.ts';
import type { ImageArchive } from './image-archive.ts';

const large = (seed: string) => tarOf([{ name: seed, content: Buffer.alloc(200_000, seed) }]);

async function read(at: TestStore, bytes: Buffer, step = 4096): Promise<ImageArchive> {
  return await at.store.archives.read(pieces(bytes, step), {});
}

/**
 * What a promise is rejected with. Why not `expect(…).rejects`: Bun waits for it within the current turn, and here that
 * may be the one in which a worker's message is worked off: the next message then never comes.
 */
async function failure(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  return await promise.then(
    () => ({ code: '', message: 'it did not fail' }),
    (error: EngineError) => ({ code: error.code, message: error.message }),
  );
}

describe('an archive of images', () => {
  test('has its documents and its layers, however it is compressed and cut', async () => {
    await using at = await testStore();
    const bytes = tarOf([
      { name: 'd/' },
      { name: 'd/layer.tar', content: large('a') },
      { name: 'manifest.json', content: '[]' },
    ]);
    for (const whole of [bytes, gzipSync(bytes), zstdCompressSync(bytes)]) {
      await using archive = await read(at, whole, 1000);
      expect(archive.has('d/layer.tar')).toBe(true);
      expect(archive.has('d')).toBe(false);
      expect(archive.document('manifest.json', 'it', 100)?.toString()).toBe('[]');
      expect(archive.document('nothing', 'it', 100)).toBeUndefined();
      const staged = await archive.takeLayer('d/layer.tar', {});
      expect(staged.diffId as string).toBe(sha256(large('a')));
      expect(staged.digest as string).toBe(staged.diffId);
      await at.store.layers.discard(staged);
    }
    nothingStaged(at);
  });

  test('throws away what nobody took', async () => {
    await using at = await testStore();
    {
      await using archive = await read(at, tarOf([{ name: 'x', content: large('a') }]));
      expect(archive.has('x')).toBe(true);
      expect(readdirSync(join(at.dataRoot, 'overlay2/.minke-staging')).length).toBe(1);
    }
    nothingStaged(at);
  });

  test('has the later of two members of a name', async () => {
    await using at = await testStore();
    const twice = [large('a'), large('b')].map((content) => ({ name: 'x', content }));
    {
      await using archive = await read(at, tarOf(twice));
      const staged = await archive.takeLayer('x', {});
      expect(staged.diffId as string).toBe(sha256(large('b')));
      await at.store.layers.discard(staged);
    }
    nothingStaged(at);
  });

  test('gives a layer as often as it is asked for', async () => {
    await using at = await testStore();
    const { layers } = at.store;
    await using archive = await read(at, tarOf([{ name: 'x', content: large('a') }]));
    const first = await layers.commit(await archive.takeLayer('x', {}), undefined);
    layers.retain(first.chainId);
    const second = await layers.commit(await archive.takeLayer('x', {}), first.chainId);
    expect(second.diffId).toBe(first.diffId);
    expect(second.cacheId).not.toBe(first.cacheId);
  });

  test('does not read what is here already, and holds it', async () => {
    await using at = await testStore();
    const { layers } = at.store;
    const tar = large('a');
    const name = `blobs/sha256/${sha256(tar).slice(7)}`;
    const bytes = tarOf([{ name, content: tar }]);
    await using first = await read(at, bytes);
    const layer = await layers.commit(await first.takeLayer(name, {}), undefined);
    {
      await using again = await read(at, bytes);
      nothingStaged(at);
      layers.retain(layer.chainId);
      expect(await layers.release(layer.chainId)).toEqual([]);
      const above = await layers.commit(await again.takeLayer(name, {}), layer.chainId);
      layers.retain(above.chainId);
      await layers.release(above.chainId);
    }
    nothingStaged(at);
  });

  test('refuses a layer that is none when it is asked for, and documents that are too large', async () => {
    await using at = await testStore();
    {
      await using archive = await read(
        at,
        tarOf([
          { name: 'evil', content: tarOf([{ name: 'a', content: Buffer.alloc(200_000) }, { name: '../x' }]) },
          { name: 'huge', content: Buffer.alloc(9 << 20, '{') },
          { name: 'text', content: 'text' },
        ]),
      );
      expect((await failure(archive.takeLayer('evil', {}))).message).toContain('is outside of');
      expect((await failure(archive.takeLayer('huge', {}))).message).toContain(
        'archive/tar: invalid tar header',
      );
      expect((await failure(archive.takeLayer('text', {}))).message).toContain('unexpected EOF');
      expect((await failure(archive.takeLayer('none', {}))).message).toContain(
        'open none: no such file or directory',
      );
      expect(() => archive.document('huge', 'the config', 8 << 20)).toThrow(
        'the config is larger than 8388608 bytes',
      );
      expect(() => archive.document('text', 'it', 3)).toThrow('it is larger than 3 bytes');
    }
    nothingStaged(at);
  });
});

describe('links of an archive', () => {
  const of = async (members: Member[], look: (archive: ImageArchive) => void) => {
    await using at = await testStore();
    await using archive = await read(at, tarOf(members));
    look(archive);
  };

  test('are followed within it, and nowhere else', () =>
    of(
      [
        { name: 'a/real', content: 'found' },
        { name: 'a/up', link: '../../../../../../etc/hostname' },
        { name: 'abs', link: '/a/real' },
        { name: 'dir', link: 'a' },
        { name: 'hard', type: '1', link: 'a/real' },
        { name: 'chain', link: 'hard' },
        { name: 'etc/hostname', content: 'inside' },
      ],
      (archive) => {
        const text = (path: string) => archive.document(path, 'it', 100)?.toString();
        for (const path of ['abs', 'dir/real', 'hard', 'chain', './a//real', 'dir/../a/real', '/abs']) {
          expect(text(path)).toBe('found');
        }
        expect(text('a/up')).toBe('inside');
        expect(text('../../../../etc/hostname')).toBe('inside');
        expect(text('/etc/passwd')).toBeUndefined();
        expect(text('../../../../../../etc/passwd')).toBeUndefined();
      },
    ));

  test('that go in circles are an error', () =>
    of(
      [
        { name: 'a', link: 'b' },
        { name: 'b', link: 'a' },
        { name: 'h', type: '1', link: 'h' },
      ],
      (archive) => {
        expect(() => archive.has('a')).toThrow('too many links in "a"');
        expect(() => archive.has('h')).toThrow('too many links in "h"');
      },
    ));
});

describe('a hostile archive', () => {
  const refused: [string, Member[], string][] = [
    ['a member above its root', [{ name: '../evil', content: 'x' }], 'is outside of'],
    ['a hard link out of it', [{ name: 'x', type: '1', link: '../../etc/passwd' }], 'is outside of'],
    [
      'a file where a directory is',
      [{ name: 'a/' }, { name: 'a', content: 'x' }],
      'cannot overwrite directory',
    ],
    [
      'a file as a directory',
      [
        { name: 'a', content: 'x' },
        { name: 'a/b', content: 'x' },
      ],
      'not a directory',
    ],
  ];
  for (const [title, members, message] of refused) {
    test(`with ${title} is refused and leaves nothing`, async () => {
      await using at = await testStore();
      const bytes = tarOf([{ name: 'layer', content: large('a') }, ...members]);
      expect(await failure(read(at, bytes))).toMatchObject({
        code: 'invalid',
        message: expect.stringContaining(message),
      });
      nothingStaged(at);
    });
  }

  test('that is cut off anywhere, or altered, is refused or read, and leaves nothing', async () => {
    await using at = await testStore();
    const bytes = tarOf([
      { name: 'manifest.json', content: '[{"Config":"c"}]' },
      { name: 'layer', content: large('a') },
      { name: 'l', link: 'layer' },
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length),
        fc.nat(2047),
        fc.nat(255),
        fc.integer({ min: 100, max: 100_000 }),
        async (length, position, byte, step) => {
          const altered = Buffer.from(bytes.subarray(0, length));
          if (position < length) altered[position] = byte;
          try {
            await using archive = await read(at, altered, step);
            archive.has('l');
          } catch (error) {
            expect(error).toBeInstanceOf(EngineError);
            expect((error as EngineError).code).toBe('invalid');
          }
          nothingStaged(at);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('whose source fails, or that is cancelled, leaves nothing', async () => {
    await using at = await testStore();
    const bytes = tarOf([{ name: 'layer', content: large('a') }]);
    async function* failing() {
      yield bytes.subarray(0, 150_000);
      throw new Error('connection reset');
    }
    expect((await failure(at.store.archives.read(failing(), {}))).message).toBe('connection reset');
    nothingStaged(at);
    const abort = new AbortController();
    async function* cancelled() {
      yield bytes.subarray(0, 150_000);
      abort.abort();
      yield bytes.subarray(150_000);
    }
    expect(await failure(at.store.archives.read(cancelled(), { signal: abort.signal }))).toMatchObject({
      code: 'cancelled',
    });
    nothingStaged(at);
  });

  test('with names of 5,000 bytes and 3,000 members is read', async () => {
    await using at = await testStore();
    const long = `${'n'.repeat(200)}/`.repeat(25).slice(0, 5000);
    const many = Array.from({ length: 3000 }, (_, n) => ({ name: `f${n}`, content: '1' }));
    await using archive = await read(at, tarOf([{ name: long, content: 'x' }, ...many]), 65536);
    expect(archive.has(long)).toBe(true);
    expect(archive.has('f2999')).toBe(true);
  });
});

test('a layer that unpacks to more than max-layer-size is refused and leaves nothing', async () => {
  await using at = await testStore({ maxLayerSize: 1 << 20 });
  const bomb = gzipSync(tarOf([{ name: 'zeros', content: Buffer.alloc(64 << 20) }]));
  const { layers } = at.store;
  const message = 'failed to register layer: the layer unpacks to more than 1048576 bytes (max-layer-size)';
  expect(await failure(layers.stage({ mediaType: '', source: pieces(bomb) }))).toEqual({
    code: 'invalid',
    message,
  });
  const known = { digest: sha256(bomb), diffId: sha256(Buffer.alloc(0)) as never };
  expect((await failure(layers.stage({ mediaType: '', ...known, source: pieces(bomb) }))).message).toBe(
    message,
  );
  nothingStaged(at);
  const small = gzipSync(tarOf([{ name: 'a', content: 'x' }]));
  await layers.discard(await layers.stage({ mediaType: '', source: pieces(small) }));
});
