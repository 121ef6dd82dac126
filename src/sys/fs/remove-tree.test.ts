import { expect, spyOn, test } from 'bun:test';
import * as fs from 'node:fs';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cString, mkdirAt, openAt } from '../ffi/file-calls.ts';
import { MS_BIND, mount, unmount } from '../ffi/mount.ts';
import { removeTree, removeTreeAsync } from './remove-tree.ts';

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

test('removeTree removes directories deeper than any path may be long', () => {
  const tree = mkdtempSync(join(tmpdir(), 'minke-remove-'));
  const name = cString('deeper');
  let fd = openSync(tree, 'r');
  for (let depth = 0; depth < 1500; depth++) {
    mkdirAt(fd, name, 0o755);
    if (depth % 100 === 0) mkdirAt(fd, cString('beside'), 0o755);
    const next = openAt(fd, name, 0);
    closeSync(fd);
    fd = next;
  }
  closeSync(fd);
  removeTree(tree);
  expect(existsSync(tree)).toBe(false);
});

test('removeTree leaves what is mounted in there', () => {
  const root = mkdtempSync(join(tmpdir(), 'minke-remove-'));
  const outside = join(root, 'outside');
  const target = join(root, 'tree/sub/mount');
  mkdirSync(outside);
  writeFileSync(join(outside, 'precious'), '');
  mkdirSync(target, { recursive: true });
  writeFileSync(join(root, 'tree/file'), '');
  mount(outside, target, '', MS_BIND);
  try {
    expect(() => removeTree(join(root, 'tree'))).toThrow('EXDEV');
    expect(existsSync(join(outside, 'precious'))).toBe(true);
    expect(existsSync(join(root, 'tree/file'))).toBe(false);
  } finally {
    unmount(target);
  }
  removeTree(root);
  expect(existsSync(root)).toBe(false);
});
