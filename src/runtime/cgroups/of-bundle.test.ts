import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detectCgroups } from './host.ts';
import { cgroupOfBundle, noteCgroup } from './of-bundle.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'minke-bundle-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What a file in the cgroup of the bundle says, in a hierarchy with two cgroups. */
function found(): string | undefined {
  const host = { ...detectCgroups(), version: 2 as const, hierarchies: new Map([['', folder]]) };
  for (const name of ['noted', 'named']) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'who'), name);
  }
  return cgroupOfBundle(folder, host)?.read('', 'who');
}
const name = () =>
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ linux: { cgroupsPath: '/named' } }));

test('the cgroup of a bundle is the one that was noted', () => {
  name();
  noteCgroup(folder, '/noted');
  expect(found()).toBe('noted');
});

test.each(['', '/note'])('and the one of the spec where the note is not whole: %p', (note) => {
  name();
  writeFileSync(join(folder, 'cgroup'), note);
  expect(found()).toBe('named');
});

test('a bundle that is not whole has none', () => {
  noteCgroup(folder, undefined);
  expect(found()).toBeUndefined();
});
