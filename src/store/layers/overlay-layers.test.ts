import { describe, expect, test } from 'bun:test';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdCompressSync } from 'node:zlib';
import { decodeRecord } from '../../spec/tar/mod.ts';
import { cString, readXattrs } from '../../sys/mod.ts';
import { add, blobOf, mounted, nothingStaged, pieces, tarOf, testStore } from '../testing.ts';
import type { Layer } from './layer-store.ts';

describe('stage and commit', () => {
  test('a layer has modes, owners, times, links, devices and xattrs of its archive', async () => {
    await using at = await testStore();
    const layer = await add(at, [
      { name: './', mode: 0o755 },
      { name: 'etc/', mode: 0o750, uid: 5, gid: 6, mtime: { seconds: 1e9, nanoseconds: 0 } },
      {
        name: 'etc/a',
        content: 'hello',
        mode: 0o4755,
        uid: 1,
        gid: 2,
        mtime: { seconds: 1_700_000_000, nanoseconds: 123_456_789 },
      },
      { name: 'etc/b', type: '1', link: 'etc/a' },
      { name: 'etc/c', link: '/outside/../x' },
      { name: 'dev/null', type: '3', deviceMajor: 1, deviceMinor: 3, mode: 0o666 },
      { name: 'fifo', type: '6', mode: 0o600 },
      {
        name: 'etc/ping',
        content: 'x',
        xattrs: { 'user.note': 'v', 'security.capability': '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0' },
      },
    ]);
    const diff = join(at.dataRoot, 'overlay2', layer.cacheId, 'diff');
    expect(statSync(join(diff, 'etc')).mode & 0o7777).toBe(0o750);
    expect(statSync(join(diff, 'etc')).mtimeMs).toBe(1e12);
    const a = statSync(join(diff, 'etc/a'), { bigint: true });
    expect([a.mode & 0o7777n, a.uid, a.gid, a.nlink, a.mtimeNs]).toEqual([
      0o4755n,
      1n,
      2n,
      2n,
      1_700_000_000_123_456_789n,
    ]);
    expect(lstatSync(join(diff, 'etc/c')).isSymbolicLink()).toBe(true);
    expect(statSync(join(diff, 'dev/null')).rdev).toBe(0x103);
    expect(lstatSync(join(diff, 'fifo')).isFIFO()).toBe(true);
    expect(
      readXattrs(cString(join(diff, 'etc/ping')))
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['security.capability', 'user.note']);
    expect(layer.size).toBe(5 + '/outside/../x'.length + 1);
    nothingStaged(at);
  });

  test('what belongs to root is of its group below a directory with the setgid bit too', async () => {
    await using at = await testStore();
    const layer = await add(at, [
      { name: 'shared/', mode: 0o2750, uid: 1, gid: 34 },
      { name: 'shared/file', content: 'x', mode: 0o644 },
      { name: 'shared/link', link: 'file' },
      { name: 'shared/fifo', type: '6', mode: 0o600 },
      { name: 'shared/plain/', mode: 0o755 },
    ]);
    const diff = join(at.dataRoot, 'overlay2', layer.cacheId, 'diff');
    const groups = ['file', 'link', 'fifo', 'plain'].map((name) => lstatSync(join(diff, 'shared', name)).gid);
    expect(groups).toEqual([0, 0, 0, 0]);
    expect(statSync(join(diff, 'shared/plain')).mode & 0o7777).toBe(0o755);
  });

  test('the record of a layer is as Docker writes it', async () => {
    await using at = await testStore();
    const bottom = await add(at, [{ name: 'a', content: '1' }]);
    const top = await add(at, [{ name: 'b', content: '2' }], bottom.chainId);
    const record = join(at.dataRoot, 'image/overlay2/layerdb/sha256', top.chainId.slice(7));
    expect(readFileSync(join(record, 'parent'), 'utf8')).toBe(bottom.chainId);
    expect(readFileSync(join(record, 'diff'), 'utf8')).toBe(top.diffId);
    expect(readFileSync(join(record, 'cache-id'), 'utf8')).toBe(top.cacheId);
    expect(readFileSync(join(record, 'size'), 'utf8')).toBe('1');
    const directory = (layer: Layer) => join(at.dataRoot, 'overlay2', layer.cacheId);
    expect(readdirSync(directory(bottom)).sort()).toEqual(['committed', 'diff', 'link']);
    expect(readdirSync(directory(top)).sort()).toEqual(['diff', 'link', 'lower', 'work']);
    const link = readFileSync(join(directory(bottom), 'link'), 'utf8');
    expect(link).toMatch(/^[A-Z2-7]{26}$/);
    expect(readFileSync(join(directory(top), 'lower'), 'utf8')).toBe(`l/${link}`);
    expect(readFileSync(join(at.dataRoot, 'overlay2/l', link, 'a'), 'utf8')).toBe('1');
  });

  test('tar-split and the files give the archive back bit by bit', async () => {
    await using at = await testStore();
    const tar = tarOf([
      { name: 'd/' },
      { name: 'd/ünï', content: 'x'.repeat(700) },
      { name: 'empty' },
      { name: `${'long/'.repeat(40)}n`, content: 'y' },
    ]);
    const { blob, ...known } = blobOf(tar);
    const layer = await at.store.layers.commit(
      await at.store.layers.stage({ ...known, source: pieces(blob, 7) }),
      undefined,
    );
    const record = join(
      at.dataRoot,
      'image/overlay2/layerdb/sha256',
      layer.chainId.slice(7),
      'tar-split.json.gz',
    );
    const lines = gunzipSync(readFileSync(record)).toString('utf8').trim().split('\n');
    const parts = lines.map(decodeRecord).map((part) => {
      if (part.type === 'segment') return part.bytes;
      const path = join(
        at.dataRoot,
        'overlay2',
        layer.cacheId,
        'diff',
        Buffer.from(part.name, 'latin1').toString(),
      );
      return part.size === 0 ? Buffer.alloc(0) : readFileSync(path);
    });
    expect(Buffer.concat(parts).equals(tar)).toBe(true);
  });

  test('gzip in members, zstd and plain tar are read', async () => {
    await using at = await testStore();
    for (const compress of [zstdCompressSync, (bytes: Buffer) => bytes]) {
      const tar = tarOf([{ name: 'a', content: 'z'.repeat(100_000) }]);
      const { blob, ...known } = blobOf(tar, compress);
      const staged = await at.store.layers.stage({ ...known, source: pieces(blob, 333) });
      expect(staged.diffId).toBe(known.diffId);
      await at.store.layers.discard(staged);
    }
    nothingStaged(at);
  });

  test('whiteouts hide what is below, opaque directories too, and never their own layer', async () => {
    await using at = await testStore();
    const bottom = await add(at, [
      { name: 'gone' },
      { name: 'd/old' },
      { name: 'o/old' },
      { name: 'k/old' },
      { name: 'p/old' },
    ]);
    const top = await add(
      at,
      [
        { name: '.wh.gone' },
        { name: '.wh.d' },
        { name: 'd/' },
        { name: 'd/new' },
        { name: 'o/.wh..wh..opq' },
        { name: 'o/new' },
        { name: 'k/old', content: 'mine' },
        { name: 'k/.wh.old' },
        { name: '.wh.p' },
        { name: 'p/new' },
      ],
      bottom.chainId,
    );
    await mounted(at, top.chainId, (root) => {
      expect(existsSync(join(root, 'gone'))).toBe(false);
      expect(readdirSync(join(root, 'd'))).toEqual(['new']);
      expect(readdirSync(join(root, 'o'))).toEqual(['new']);
      expect(readdirSync(join(root, 'p'))).toEqual(['new']);
      expect(readFileSync(join(root, 'k/old'), 'utf8')).toBe('mine');
    });
  });

  test('implied directories take after the parent, and hard links reach into it', async () => {
    await using at = await testStore();
    const bottom = await add(at, [
      { name: './', mode: 0o711 },
      { name: 'tmp/', mode: 0o1777, uid: 9 },
      { name: 'bin/tool', content: 'tool', mode: 0o4755, uid: 3 },
    ]);
    const top = await add(
      at,
      [{ name: 'tmp/x' }, { name: 'usr/tool', type: '1', link: 'bin/tool' }],
      bottom.chainId,
    );
    await mounted(at, top.chainId, (root) => {
      expect(statSync(root).mode & 0o7777).toBe(0o711);
      const tmp = statSync(join(root, 'tmp'));
      expect([tmp.mode & 0o7777, tmp.uid]).toEqual([0o1777, 9]);
      const tool = statSync(join(root, 'usr/tool'));
      expect([tool.mode & 0o7777, tool.uid, readFileSync(join(root, 'usr/tool'), 'utf8')]).toEqual([
        0o4755,
        3,
        'tool',
      ]);
    });
  });

  test('requests for one blob read it once, also above another parent; an existing chain wins', async () => {
    await using at = await testStore();
    const { blob, ...known } = blobOf(tarOf([{ name: 'a' }]));
    let reads = 0;
    const source = async function* () {
      reads++;
      yield* pieces(blob);
    };
    const { layers } = at.store;
    const stage = () => layers.stage({ ...known, source });
    const [one, two, three] = await Promise.all([stage(), stage(), stage()]);
    const layer = await layers.commit(one, undefined);
    expect(await layers.commit(two, undefined)).toBe(layer);
    expect(reads).toBe(1);
    const above = await layers.commit(three, layer.chainId);
    expect([above.diffId, above.parent, reads]).toEqual([layer.diffId, layer.chainId, 1]);
    expect(layers.diffIdOf(known.digest)).toBe(known.diffId);
    nothingStaged(at);
  });

  test('a second request goes on by itself when the first is cancelled', async () => {
    await using at = await testStore();
    const { blob, ...known } = blobOf(tarOf([{ name: 'a' }]));
    const abort = new AbortController();
    const hanging = async function* (): AsyncGenerator<Uint8Array> {
      abort.abort();
      await new Promise(() => {});
    };
    const first = at.store.layers.stage({ ...known, source: hanging(), signal: abort.signal });
    const second = at.store.layers.stage({ ...known, source: pieces(blob) });
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    const layer = await at.store.layers.commit(await second, undefined);
    expect(layer.diffId).toBe(known.diffId);
    nothingStaged(at);
  });
});
