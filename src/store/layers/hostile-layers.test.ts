import { describe, expect, test } from 'bun:test';
import { add, blobOf, type Member, nothingStaged, pieces, tarOf, testStore } from '../testing.ts';

describe('hostile and broken blobs', () => {
  const hostile: [string, Member[], string][] = [
    ['a member above the root', [{ name: '../evil' }], 'is outside of'],
    ['a member that climbs out', [{ name: 'a/../../evil' }], 'is outside of'],
    [
      'a member through a link to nowhere',
      [{ name: 'l', link: '/etc' }, { name: 'l/evil' }],
      'not a directory',
    ],
    [
      'a member through a climbing link',
      [{ name: 'l', link: '../../../../../tmp' }, { name: 'l/evil' }],
      'not a directory',
    ],
    ['a hard link out of the tree', [{ name: 'x', type: '1', link: '../../etc/passwd' }], 'invalid hardlink'],
    ['a whiteout of the parent', [{ name: 'a/.wh...' }], 'invalid whiteout'],
    ['a whiteout of itself', [{ name: '.wh.' }], 'invalid whiteout'],
    ['a name twice', [{ name: 'a' }, { name: './a' }], 'duplicates of file paths'],
    ['a file where a directory is', [{ name: 'a/b' }, { name: 'a' }], 'cannot overwrite directory'],
    ['a file as directory', [{ name: 'a' }, { name: 'a/b' }], 'not a directory'],
    ['a name that is too long', [{ name: 'x'.repeat(300) }], 'ENAMETOOLONG'],
    ['a type that nobody knows', [{ name: 'a', type: 'Z' }], 'unhandled tar header type 90'],
  ];
  for (const [title, members, message] of hostile) {
    test(`${title} is invalid and leaves nothing`, async () => {
      await using at = await testStore();
      const { blob, ...known } = blobOf(tarOf(members));
      const error = await at.store.layers.stage({ ...known, source: pieces(blob) }).catch((reason) => reason);
      expect(error.code).toBe('invalid');
      expect(error.message).toContain(message);
      nothingStaged(at);
    });
  }

  test('a hard link to what no layer has is invalid at commit and leaves nothing', async () => {
    await using at = await testStore();
    await expect(add(at, [{ name: 'x', type: '1', link: 'nowhere' }])).rejects.toMatchObject({
      code: 'invalid',
    });
    nothingStaged(at);
    expect(at.store.layers.list()).toEqual([]);
  });

  test('a wrong digest is told before whatever else is wrong', async () => {
    await using at = await testStore();
    const { blob, ...known } = blobOf(tarOf([{ name: '../evil' }]));
    const other = Buffer.from(blob);
    other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
    const message = `filesystem layer verification failed for digest ${known.digest}`;
    const stage = (source: Buffer) => at.store.layers.stage({ ...known, source: pieces(source) });
    await expect(stage(other)).rejects.toMatchObject({ code: 'corrupt', message });
    await expect(stage(blob.subarray(0, 50))).rejects.toMatchObject({ code: 'corrupt', message });
    await expect(stage(Buffer.concat([blob, blob]))).rejects.toMatchObject({ code: 'corrupt', message });
    nothingStaged(at);
  });

  test('a wrong diffID is corrupt; a truncated archive is invalid', async () => {
    await using at = await testStore();
    const one = blobOf(tarOf([{ name: 'a' }]));
    await expect(
      at.store.layers.stage({ ...one, diffId: one.digest as never, source: pieces(one.blob) }),
    ).rejects.toMatchObject({
      code: 'corrupt',
      message: "layers from manifest don't match image configuration",
    });
    const cut = blobOf(tarOf([{ name: 'a', content: 'x'.repeat(2000) }]).subarray(0, 1500));
    await expect(at.store.layers.stage({ ...cut, source: pieces(cut.blob) })).rejects.toMatchObject({
      code: 'invalid',
      message: 'failed to register layer: unexpected EOF',
    });
    nothingStaged(at);
  });

  test('a source that fails or is cancelled leaves nothing', async () => {
    await using at = await testStore();
    const { blob, ...known } = blobOf(tarOf([{ name: 'a', content: 'x'.repeat(5000) }]));
    const failing = async function* () {
      yield blob.subarray(0, 20);
      throw new Error('connection reset');
    };
    await expect(at.store.layers.stage({ ...known, source: failing() })).rejects.toThrow('connection reset');
    const abort = new AbortController();
    const hanging = async function* () {
      yield blob.subarray(0, 20);
      abort.abort();
      await new Promise(() => {});
    };
    const cancelled = at.store.layers.stage({ ...known, source: hanging(), signal: abort.signal });
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    nothingStaged(at);
  });
});
