import { describe, expect, test } from 'bun:test';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdCompressSync } from 'node:zlib';
import type { ChainId } from '../../spec/digest.ts';
import { decodeRecord } from '../../spec/tar/mod.ts';
import { cString, readXattrs } from '../../sys/mod.ts';
import { blobOf, type Member, pieces, type TestStore, tarOf, testStore } from '../testing.ts';
import type { Layer } from './layer-store.ts';

/** Stages and commits one layer. */
async function add(at: TestStore, members: Member[], parent?: ChainId): Promise<Layer> {
  const { blob, ...known } = blobOf(tarOf(members));
  const staged = await at.store.layers.stage({ ...known, source: pieces(blob) });
  return await at.store.layers.commit(staged, parent);
}

/** Mounts a container above `parent`, runs `look` on its rootfs, and removes it. */
async function mounted<T>(at: TestStore, parent: ChainId | undefined, look: (root: string) => T): Promise<T> {
  await at.store.layers.createMount('c1', parent, { ephemeral: true });
  try {
    return look(await at.store.layers.mount('c1'));
  } finally {
    await at.store.layers.removeMount('c1');
  }
}

function nothingStaged(at: TestStore): void {
  expect(readdirSync(join(at.dataRoot, 'overlay2/.minke-staging'))).toEqual([]);
}

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

  test('two requests for one blob stage it once; an existing chain wins', async () => {
    await using at = await testStore();
    const { blob, ...known } = blobOf(tarOf([{ name: 'a' }]));
    let reads = 0;
    const source = async function* () {
      reads++;
      yield* pieces(blob);
    };
    const { layers } = at.store;
    const stage = () => layers.stage({ ...known, source: source() });
    const [one, two, three] = await Promise.all([stage(), stage(), stage()]);
    const layer = await layers.commit(one, undefined);
    expect(await layers.commit(two, undefined)).toBe(layer);
    expect(reads).toBe(1);
    const above = await layers.commit(three, layer.chainId);
    expect([above.diffId, above.parent, reads]).toEqual([layer.diffId, layer.chainId, 2]);
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
    ['a sparse file', [{ name: 'a', type: 'S' }], 'sparse'],
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

describe('mounts', () => {
  test('a mount has the init layer of Docker, and is read and written', async () => {
    await using at = await testStore();
    const layer = await add(at, [
      { name: 'etc/', mode: 0o700 },
      { name: 'etc/hosts', content: 'image' },
      { name: 'proc/' },
    ]);
    const { layers } = at.store;
    layers.retain(layer.chainId);
    const made = await layers.createMount('c1', layer.chainId);
    const root = await layers.mount('c1');
    expect(await layers.mount('c1')).toBe(root);
    expect(root).toBe(made.graphData().MergedDir);
    expect(readFileSync(join(root, 'etc/hosts'), 'utf8')).toBe('');
    expect(statSync(join(root, 'etc')).mode & 0o7777).toBe(0o700);
    expect(lstatSync(join(root, 'etc/mtab')).isSymbolicLink()).toBe(true);
    expect(statSync(join(root, 'dev/console')).isFile()).toBe(true);
    writeFileSync(join(root, 'new'), '12345');
    expect(await layers.mountSize('c1')).toBe(5);
    const init = readdirSync(join(at.dataRoot, 'overlay2/c1-init/diff')).sort();
    expect(init).toEqual(['.dockerenv', 'dev', 'etc', 'sys']);
    await layers.unmount('c1');
    await layers.unmount('c1');
    expect(existsSync(root)).toBe(false);
    await at.reopen();
    at.store.layers.retain(layer.chainId);
    expect(readFileSync(join(await at.store.layers.mount('c1'), 'new'), 'utf8')).toBe('12345');
    await at.store.layers.removeMount('c1');
    await at.store.layers.removeMount('c1');
    expect(at.store.layers.getMount('c1')).toBeUndefined();
    expect(readdirSync(join(at.dataRoot, 'overlay2/l')).length).toBe(1);
    nothingStaged(at);
  });

  test('a chain of 128 layers mounts', async () => {
    await using at = await testStore();
    let parent: ChainId | undefined;
    for (let i = 0; i < 128; i++) parent = (await add(at, [{ name: `f${i}` }], parent)).chainId;
    await mounted(at, parent, (root) => {
      expect(readdirSync(root).filter((name) => name.startsWith('f')).length).toBe(128);
    });
  }, 60_000);

  test('a container without an image has an empty root', async () => {
    await using at = await testStore();
    await mounted(at, undefined, (root) => expect(existsSync(join(root, 'proc'))).toBe(true));
  });

  test('stray mounts are told, however far their making came, and can be removed', async () => {
    await using at = await testStore();
    const { layers } = at.store;
    await layers.createMount('known', undefined);
    await layers.createMount('stray', undefined);
    const overlay = join(at.dataRoot, 'overlay2/stray');
    rmSync(overlay, { recursive: true });
    mkdirSync(overlay);
    mkdirSync(join(at.dataRoot, 'image/overlay2/layerdb/mounts/begun'));
    const docker = join(at.dataRoot, 'image/overlay2/layerdb/mounts/dockers');
    mkdirSync(docker);
    writeFileSync(join(docker, 'mount-id'), 'f'.repeat(64));
    const stray = layers.strayMounts((id) => id === 'known');
    expect(stray.sort()).toEqual(['begun', 'stray']);
    for (const id of stray) await layers.removeMount(id);
    expect(layers.strayMounts((id) => id === 'known')).toEqual([]);
    expect(existsSync(overlay)).toBe(false);
    rmSync(docker, { recursive: true });
    await layers.removeMount('known');
  });

  test('an ephemeral mount can be mounted again', async () => {
    await using at = await testStore();
    await at.store.layers.createMount('c1', undefined, { ephemeral: true });
    writeFileSync(join(await at.store.layers.mount('c1'), 'x'), 'kept');
    await at.store.layers.unmount('c1');
    expect(readFileSync(join(await at.store.layers.mount('c1'), 'x'), 'utf8')).toBe('kept');
    await at.store.layers.removeMount('c1');
  });
});

describe('holds', () => {
  test('release removes what nobody holds, the uppermost first; a mount holds', async () => {
    await using at = await testStore();
    const { layers } = at.store;
    const bottom = await add(at, [{ name: 'a' }]);
    const top = await add(at, [{ name: 'b' }], bottom.chainId);
    layers.retain(top.chainId);
    await layers.createMount('c1', top.chainId);
    expect(await layers.release(top.chainId)).toEqual([]);
    await layers.removeMount('c1');
    expect(layers.list()).toEqual([]);
    expect(readdirSync(join(at.dataRoot, 'overlay2')).sort()).toEqual(['.minke-staging', 'l']);
    nothingStaged(at);
  });
});

describe('durability', () => {
  test('a layer that was not synced is kept after a restart and dropped after a reboot', async () => {
    await using at = await testStore();
    const layer = await add(at, [{ name: 'a' }]);
    const mark = join(at.dataRoot, 'image/overlay2/layerdb/sha256', layer.chainId.slice(7), 'unsynced');
    expect(existsSync(mark)).toBe(true);
    await at.store.layers.sync();
    expect(existsSync(mark)).toBe(false);
    await at.reopen({ reboot: true });
    expect(at.store.layers.get(layer.chainId)?.diffId).toBe(layer.diffId);
    writeFileSync(mark, '');
    await at.reopen({ reboot: true });
    expect(at.store.layers.list()).toEqual([]);
    await at.store.close();
    nothingStaged(at);
  });

  test('what a crash left half made is removed at the next start', async () => {
    await using at = await testStore();
    const layer = await add(at, [{ name: 'a' }]);
    const { renameSync, mkdirSync } = await import('node:fs');
    const db = join(at.dataRoot, 'image/overlay2/layerdb');
    renameSync(join(db, 'sha256', layer.chainId.slice(7)), join(db, 'tmp', `minke-${layer.cacheId}`));
    mkdirSync(join(at.dataRoot, 'overlay2/.minke-staging/half/diff'), { recursive: true });
    mkdirSync(join(at.dataRoot, 'overlay2/buildkit-like/diff'), { recursive: true });
    await at.reopen();
    expect(readdirSync(join(at.dataRoot, 'overlay2')).sort()).toEqual([
      '.minke-staging',
      'buildkit-like',
      'l',
    ]);
    expect(readdirSync(join(at.dataRoot, 'overlay2/l'))).toEqual([]);
    await at.store.close();
    nothingStaged(at);
  });
});
