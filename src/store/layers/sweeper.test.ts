import { expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/mod.ts';
import { blobOf, pieces, tarOf, testStore } from '../testing.ts';
import { Sweeper } from './sweeper.ts';

function tree(root: string, name: string, files: number): string {
  const path = join(root, name);
  mkdirSync(path);
  for (let i = 0; i < files; i++) writeFileSync(join(path, `f${i}`), 'x');
  return path;
}

test('a small tree is gone at once, a large one when the sweeper has closed', async () => {
  const root = mkdtempSync(join(tmpdir(), 'minke-sweeper-'));
  try {
    const sweeper = new Sweeper(silentLogger);
    const [small, large] = [tree(root, 'small', 10), tree(root, 'large', 500)];
    sweeper.sweep(large);
    sweeper.sweep(small);
    expect(existsSync(small)).toBe(false);
    await sweeper.close();
    expect(existsSync(large)).toBe(false);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('a layer with many files is released at once, and nothing of it is left after the next start', async () => {
  await using at = await testStore();
  const { blob, ...known } = blobOf(
    tarOf(Array.from({ length: 300 }, (_, i) => ({ name: `f${i}`, content: 'x' }))),
  );
  const { layers } = at.store;
  const layer = await layers.commit(await layers.stage({ ...known, source: pieces(blob) }), undefined);
  layers.retain(layer.chainId);
  expect(await layers.release(layer.chainId)).toEqual([layer.chainId]);
  expect(existsSync(join(at.dataRoot, 'overlay2', layer.cacheId))).toBe(false);
  await at.reopen();
  await at.store.close();
  expect(readdirSync(join(at.dataRoot, 'overlay2/.minke-staging'))).toEqual([]);
});
