import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { add, blobOf, nothingStaged, pieces, type TestStore, tarOf, testStore } from '../testing.ts';
import type { Layer } from './layer-store.ts';

function recordOf(at: TestStore, layer: Layer): string {
  return join(at.dataRoot, 'image/overlay2/layerdb/sha256', layer.chainId.slice(7));
}

/** As a power cut before the layer was on disk. */
async function lose(at: TestStore, layer: Layer): Promise<void> {
  await at.store.layers.sync();
  writeFileSync(join(recordOf(at, layer), 'unsynced'), '');
  await at.reopen({ reboot: true });
}

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
    expect(readdirSync(join(at.dataRoot, 'overlay2')).sort()).toEqual([
      '.minke-spools',
      '.minke-staging',
      'l',
    ]);
    nothingStaged(at);
  });

  test('a mount that cannot be made leaves nothing, and drops its hold once', async () => {
    await using at = await testStore();
    const { layers } = at.store;
    const layer = await add(at, [{ name: 'a' }]);
    layers.retain(layer.chainId);
    mkdirSync(join(at.dataRoot, 'overlay2/c1'));
    await expect(layers.createMount('c1', layer.chainId)).rejects.toThrow('EEXIST');
    await layers.removeMount('c1');
    expect(layers.get(layer.chainId)).toBeDefined();
    expect(readdirSync(join(at.dataRoot, 'image/overlay2/layerdb/mounts'))).toEqual([]);
    expect(existsSync(join(at.dataRoot, 'overlay2/c1-init'))).toBe(false);
    expect(await layers.release(layer.chainId)).toEqual([layer.chainId]);
  });

  test('a mount that is there already is not touched by a second attempt', async () => {
    await using at = await testStore();
    const layer = await add(at, [{ name: 'a' }]);
    await at.store.layers.createMount('c1', layer.chainId);
    await expect(at.store.layers.createMount('c1', layer.chainId)).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(existsSync(join(await at.store.layers.mount('c1'), 'a'))).toBe(true);
    await at.store.layers.removeMount('c1');
    expect(at.store.layers.list()).toEqual([]);
  });

  test('a layer that was lost and came back is held by the container above it', async () => {
    await using at = await testStore();
    const layer = await add(at, [{ name: 'a' }]);
    await at.store.layers.createMount('c1', layer.chainId);
    await lose(at, layer);
    await add(at, [{ name: 'a' }]);
    at.store.layers.retain(layer.chainId);
    await at.store.layers.removeMount('c1');
    expect(at.store.layers.get(layer.chainId)).toBeDefined();
  });

  test('a container whose layer is lost takes no hold of another away', async () => {
    await using at = await testStore();
    const layer = await add(at, [{ name: 'a' }]);
    await at.store.layers.createMount('c1', layer.chainId);
    await lose(at, layer);
    expect(at.store.layers.chainSize(layer.chainId)).toBe(0);
    await at.store.layers.removeMount('c1');
    await add(at, [{ name: 'a' }]);
    expect(at.store.layers.get(layer.chainId)).toBeDefined();
  });
});

describe('leftovers', () => {
  test('a container whose layer is lost is described all the same', async () => {
    await using at = await testStore();
    const layer = await add(at, [{ name: 'a' }]);
    at.store.layers.retain(layer.chainId);
    await at.store.layers.createMount('c1', layer.chainId);
    await lose(at, layer);
    expect(at.store.layers.get(layer.chainId)).toBeUndefined();
    const { LowerDir, UpperDir } = at.store.layers.getMount('c1')?.graphData() ?? {};
    expect(LowerDir).toBe(join(at.dataRoot, 'overlay2/c1-init/diff'));
    expect(UpperDir).toBe(join(at.dataRoot, 'overlay2/c1/diff'));
  });

  test('layers of ours that nobody holds go when they are old; others and those of Docker stay', async () => {
    await using at = await testStore();
    const old = await add(at, [{ name: 'a' }]);
    const above = await add(at, [{ name: 'b' }], old.chainId);
    const fresh = await add(at, [{ name: 'c' }]);
    const held = await add(at, [{ name: 'd' }]);
    const dockers = await add(at, [{ name: 'e' }]);
    await at.store.layers.createMount('c1', held.chainId);
    await at.store.layers.sync();
    rmSync(join(recordOf(at, dockers), 'minke'));
    for (const layer of [old, above, held, dockers]) utimesSync(recordOf(at, layer), 1e9, 1e9);
    await at.reopen();
    at.store.collectLeftovers();
    await at.reopen();
    const left = at.store.layers.list().map(({ chainId }) => chainId);
    expect(left.sort()).toEqual([fresh.chainId, held.chainId, dockers.chainId].sort());
    await at.store.layers.removeMount('c1');
  });

  test('a record that cannot be read makes room for its layer, with its directory', async () => {
    await using at = await testStore();
    const layer = await add(at, [{ name: 'a' }]);
    await at.store.layers.sync();
    writeFileSync(join(recordOf(at, layer), 'diff'), '');
    await at.reopen();
    const again = await add(at, [{ name: 'a' }]);
    expect(again.cacheId).not.toBe(layer.cacheId);
    expect(existsSync(join(at.dataRoot, 'overlay2', layer.cacheId))).toBe(false);
    expect(readdirSync(join(at.dataRoot, 'overlay2/l')).length).toBe(1);
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
      '.minke-spools',
      '.minke-staging',
      'buildkit-like',
      'l',
    ]);
    expect(readdirSync(join(at.dataRoot, 'overlay2/l'))).toEqual([]);
    await at.store.close();
    nothingStaged(at);
  });

  test('a store that is closed in the middle of a sync of nothing leaves no mount', async () => {
    await using at = await testStore();
    await add(at, [{ name: 'a' }]);
    const first = at.store.layers.sync();
    const second = first.then(() => at.store.layers.sync());
    await first;
    await Promise.resolve();
    await at.store.close();
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(at.dataRoot);
    await second;
  });

  test('a sync that began before a layer was placed does not count for it', async () => {
    await using at = await testStore();
    const bottom = await add(at, [{ name: 't', content: 'x' }]);
    await at.store.layers.sync();
    // A hard link into the parent: the join is done on the disk thread.
    const { blob, ...known } = blobOf(tarOf([{ name: 'l', type: '1', link: 't' }]));
    const staged = await at.store.layers.stage({ ...known, source: pieces(blob) });
    const committing = at.store.layers.commit(staged, bottom.chainId);
    await Promise.resolve();
    await at.store.layers.sync();
    const layer = await committing;
    expect(existsSync(join(recordOf(at, layer), 'unsynced'))).toBe(true);
    await at.store.layers.sync();
    expect(existsSync(join(recordOf(at, layer), 'unsynced'))).toBe(false);
  });
});
