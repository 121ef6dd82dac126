import { afterEach, beforeEach, expect, test } from 'bun:test';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cString, mkdirAt, openAt } from '../ffi/file-calls.ts';
import { copyTree } from './copy-tree.ts';
import { removeTree } from './remove-tree.ts';

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'minke-copy-'));
  for (const name of ['from', 'to']) mkdirSync(join(base, name));
});
afterEach(() => {
  removeTree(base);
  rmSync(base, { recursive: true, force: true });
});

function nest(path: string, depth: number): void {
  let fd = openSync(path, 'r');
  for (let at = 0; at < depth; at++) {
    mkdirAt(fd, cString('d'), 0o755);
    const next = openAt(fd, cString('d'), 0);
    closeSync(fd);
    fd = next;
  }
  closeSync(fd);
}

function depthOf(path: string): number {
  let fd = openSync(path, 'r');
  for (let depth = 0; ; depth++) {
    const next = openAt(fd, cString('d'), 0);
    closeSync(fd);
    if (next < 0) return depth;
    fd = next;
  }
}

const copy = () => {
  const [from, to] = [openSync(join(base, 'from'), 'r'), openSync(join(base, 'to'), 'r')];
  try {
    copyTree(from, to);
  } finally {
    closeSync(from);
    closeSync(to);
  }
};
const descriptors = () => readdirSync('/proc/self/fd').length;

test('copyTree copies directories nested up to 1024 deep', () => {
  nest(join(base, 'from'), 1024);
  copy();
  expect(depthOf(join(base, 'to'))).toBe(1024);
});

test('copyTree refuses directories nested deeper, with a sentence, and leaves no descriptor open', () => {
  nest(join(base, 'from'), 1500);
  const before = descriptors();
  expect(copy).toThrow('directories are nested more than 1024 deep');
  expect(descriptors()).toBe(before);
});
