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
import type { ChainId } from '../../../spec/digest.ts';
import { add, mounted, nothingStaged, testStore } from '../../testing.ts';

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
