import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeOf } from '../ffi/statx.ts';
import { openInRoot } from './in-root.ts';
import { assembleTree, type PrivateMount } from './private-tree.ts';

let base: string;
const mounts = () => readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length;
const volume = (more: Partial<PrivateMount> = {}): PrivateMount => ({
  source: join(base, 'volume'),
  destination: '/data',
  kind: 'directory',
  recursive: true,
  readOnly: false,
  ...more,
});

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'minke-tree-'));
  for (const name of ['root/data', 'volume', 'outside']) mkdirSync(join(base, name), { recursive: true });
  writeFileSync(join(base, 'volume/in-volume'), 'v');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function withTree<T>(
  options: { readOnly?: boolean; mounts: PrivateMount[] },
  look: (fd: number, at: (path: string) => string) => T,
): T {
  const fd = assembleTree({ root: join(base, 'root'), readOnly: false, ...options });
  try {
    return look(fd, (path) => `/proc/self/fd/${fd}${path}`);
  } finally {
    closeSync(fd);
  }
}

test('a tree has its mounts, and nobody else sees them', () => {
  const before = mounts();
  withTree({ mounts: [volume()] }, (fd, at) => {
    expect(readdirSync(at('/data'))).toEqual(['in-volume']);
    writeFileSync(at('/data/new'), '');
    writeFileSync(at('/top'), '');
    const data = openInRoot(fd, '/data');
    expect(nodeOf(data).mountId).not.toBe(nodeOf(fd).mountId);
    closeSync(data);
    expect(readdirSync(join(base, 'root/data'))).toEqual([]);
    expect(mounts()).toBe(before);
  });
  expect(readdirSync(join(base, 'volume')).sort()).toEqual(['in-volume', 'new']);
  expect(existsSync(join(base, 'root/top'))).toBe(true);
  expect(mounts()).toBe(before);
});

test('what is read-only is so for its mount alone', () => {
  const inner = volume({ source: join(base, 'outside'), destination: '/data/inner' });
  withTree({ readOnly: true, mounts: [volume(), inner] }, (_fd, at) => {
    expect(() => writeFileSync(at('/top'), '')).toThrow('EROFS');
    writeFileSync(at('/data/inner/new'), '');
  });
  withTree({ mounts: [volume({ readOnly: true })] }, (_fd, at) => {
    expect(() => writeFileSync(at('/data/x'), '')).toThrow('EROFS');
    writeFileSync(at('/top'), '');
  });
  expect(readdirSync(join(base, 'outside'))).toEqual(['new']);
});

test('destinations are links within the tree only, and are made where they are missing', () => {
  symlinkSync('/run', join(base, 'root/var'));
  symlinkSync(join(base, 'outside'), join(base, 'root/away'));
  const file = volume({ source: join(base, 'volume/in-volume'), destination: '/var/socket', kind: 'file' });
  withTree({ mounts: [volume({ destination: '/away/x' }), file] }, (_fd, at) => {
    expect(readFileSync(at('/run/socket'), 'utf8')).toBe('v');
    expect(readdirSync(at(`${base}/outside/x`))).toEqual(['in-volume']);
  });
  expect(readdirSync(join(base, 'outside'))).toEqual([]);
  expect(() => withTree({ mounts: [volume({ source: '/nowhere/at/all' })] }, () => {})).toThrow('ENOENT');
});
