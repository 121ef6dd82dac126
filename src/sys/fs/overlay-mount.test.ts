import { afterEach, beforeEach, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { detachMount, unmount } from '../ffi/mount.ts';
import { propagationOf } from '../proc/propagation.ts';
import { mountOverlay } from './overlay-mount.ts';

let base: string;
beforeEach(() => {
  mkdirSync('/tmp/minke/sys-test', { recursive: true });
  // A comma and a colon, which mount(2)'s option string cannot carry.
  base = mkdtempSync('/tmp/minke/sys-test/a,b:c-');
  for (const name of ['upper', 'work', 'merged']) mkdirSync(join(base, name));
});
afterEach(() => {
  unmount(join(base, 'merged'));
  rmSync(base, { recursive: true, force: true });
});

function lowers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `lower-${index}`;
    mkdirSync(join(base, name));
    writeFileSync(join(base, name, `file-${index}`), '');
    return name;
  });
}

const overlay = (lower: string[], volatile = false) => ({
  base,
  lower,
  writable: { upper: join(base, 'upper'), work: join(base, 'work') },
  target: join(base, 'merged'),
  volatile,
});

test('an overlay mounts below a path with commas and colons, also volatile', () => {
  mountOverlay(overlay(lowers(2), true));
  expect(readdirSync(join(base, 'merged')).sort()).toEqual(['file-0', 'file-1']);
});

test('400 layers mount, which no page of options holds', () => {
  mountOverlay(overlay(lowers(400)));
  expect(readdirSync(join(base, 'merged')).length).toBe(400);
});

test('a mount that cannot be names call and path, and leaves nothing mounted', () => {
  expect(() => mountOverlay(overlay(['missing']))).toThrow();
  expect(detachMount(join(base, 'merged'))).toBeUndefined();
});

test('detachMount takes a mount away at once and hands out what holds it', () => {
  mountOverlay(overlay(lowers(1)));
  const held = detachMount(join(base, 'merged'));
  expect(held).toBeDefined();
  expect(existsSync(join(base, 'merged/file-0'))).toBe(false);
  expect(statSync(join(base, 'merged')).dev).toBe(statSync(base).dev);
  if (held !== undefined) closeSync(held);
});

test('propagationOf sees the mount that a path lies on', () => {
  expect(propagationOf(base).isMountPoint).toBe(false);
  execFileSync('mount', ['--bind', base, base]);
  try {
    execFileSync('mount', ['--make-shared', base]);
    expect(propagationOf(base)).toMatchObject({ isMountPoint: true, propagation: 'shared' });
    expect(propagationOf(join(base, 'upper'))).toMatchObject({ isMountPoint: false, propagation: 'shared' });
  } finally {
    execFileSync('umount', [base]);
  }
});
