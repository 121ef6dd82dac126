import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/mod.ts';
import { bootId, lockFile } from '../../sys/mod.ts';
import { dropStaleExecRoot } from './stale-exec-root.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'minke-exec-root-'));
  mkdirSync(join(root, 'containers', 'abc'), { recursive: true });
  writeFileSync(join(root, 'keeper.lock'), '4711');
});
afterEach(() => rmSync(root, { recursive: true }));

const left = () => readdirSync(root).sort();

test('an exec-root of this boot, or of none that is known, stays', () => {
  dropStaleExecRoot(root, silentLogger);
  expect(left()).toEqual(['boot-id', 'containers', 'keeper.lock']);
  dropStaleExecRoot(root, silentLogger);
  expect(left()).toEqual(['boot-id', 'containers', 'keeper.lock']);
});

test('one of another boot is emptied', () => {
  writeFileSync(join(root, 'boot-id'), '11111111-2222-3333-4444-555555555555');
  dropStaleExecRoot(root, silentLogger);
  expect(left()).toEqual(['boot-id']);
  expect(readFileSync(join(root, 'boot-id'), 'utf8')).toBe(bootId());
});

test('one whose keeper lives stays, whatever boot it names', () => {
  writeFileSync(join(root, 'boot-id'), '11111111-2222-3333-4444-555555555555');
  using _lock = lockFile(join(root, 'keeper.lock')) as Disposable;
  dropStaleExecRoot(root, silentLogger);
  expect(left()).toEqual(['boot-id', 'containers', 'keeper.lock']);
});
