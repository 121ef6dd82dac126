import { expect, spyOn, test } from 'bun:test';
import * as fs from 'node:fs';
import { existsSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTreeAsync } from './remove-tree.ts';

test('removeTreeAsync removes small and large trees, and what a link points at stays', async () => {
  const root = mkdtempSync(join(tmpdir(), 'minke-remove-'));
  const outside = join(root, 'outside');
  writeFileSync(outside, '');
  for (const files of [3, 300]) {
    const tree = join(root, `tree-${files}`);
    mkdirSync(join(tree, 'sub'), { recursive: true });
    for (let n = 0; n < files; n++) writeFileSync(join(tree, 'sub', `file-${n}`), '');
    symlinkSync(outside, join(tree, 'link'));
    await removeTreeAsync(tree);
    expect(existsSync(tree)).toBe(false);
  }
  expect(existsSync(outside)).toBe(true);
  await removeTreeAsync(root);
  await removeTreeAsync(root);
  expect(existsSync(root)).toBe(false);
});

test('removeTreeAsync lists no large directory on the main thread', async () => {
  const tree = mkdtempSync(join(tmpdir(), 'minke-remove-'));
  mkdirSync(join(tree, 'large'));
  for (let n = 0; n < 1000; n++) writeFileSync(join(tree, 'large', `file-${n}`), '');
  const listing = spyOn(fs, 'readdirSync');
  try {
    await removeTreeAsync(tree);
    expect(listing.mock.calls.map(([path]) => path)).not.toContain(join(tree, 'large'));
  } finally {
    listing.mockRestore();
  }
  expect(existsSync(tree)).toBe(false);
});
