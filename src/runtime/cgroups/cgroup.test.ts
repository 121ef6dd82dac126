import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cgroup } from './cgroup.ts';
import { limitWrites } from './limit-writes.ts';

/** A directory as a cgroup of version 2 looks, of plain files. The kernel's part is the test's. */
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'minke-cgroup-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const write = (file: string, text: string) => writeFileSync(join(directory, file), text);
const read = (file: string) => readFileSync(join(directory, file), 'utf8');

describe('a cgroup of version 2', () => {
  test('is frozen when the kernel says so, not when it was asked', async () => {
    write('cgroup.freeze', '0\n');
    write('cgroup.events', 'populated 1\nfrozen 0\n');
    const cgroup = new Cgroup([directory]);
    expect(cgroup.isFrozen()).toBe(false);
    let done = false;
    const freezing = cgroup.setFrozen(true).then(() => {
      done = true;
    });
    await Bun.sleep(10);
    expect([done, read('cgroup.freeze')]).toEqual([false, '1']);
    write('cgroup.events', 'populated 1\nfrozen 1\n');
    await freezing;
    expect(cgroup.isFrozen()).toBe(true);
    write('cgroup.events', 'populated 1\nfrozen 0\n');
    await cgroup.setFrozen(false);
    expect(read('cgroup.freeze')).toBe('0');
  });

  test('counts what was killed for lack of memory', () => {
    write('memory.events', 'low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\n');
    expect(new Cgroup([directory]).oomKills()).toBe(2);
  });

  test('has limits changed where there are files for them', () => {
    for (const file of ['memory.max', 'memory.swap.max', 'cpu.weight', 'pids.max']) write(file, 'old');
    const change = { memory: { limit: 64, swap: 96 }, cpu: { shares: 1024, cpus: '0' }, pids: { limit: -1 } };
    new Cgroup([directory]).writeLimits(limitWrites(change, 2));
    expect(['memory.max', 'memory.swap.max', 'cpu.weight', 'pids.max'].map(read)).toEqual([
      '64',
      '32',
      '39',
      'max',
    ]);
  });

  test('has all limits or none changed', () => {
    for (const file of ['memory.max', 'cpu.weight']) write(file, 'old');
    // A file that cannot be written.
    mkdirSync(join(directory, 'pids.max'));
    const change = { memory: { limit: 64 }, cpu: { shares: 1024 }, pids: { limit: 7 } };
    expect(() => new Cgroup([directory]).writeLimits(limitWrites(change, 2))).toThrow(
      `failed to write "7": write ${join(directory, 'pids.max')}: `,
    );
    expect([read('memory.max'), read('cpu.weight')]).toEqual(['old', 'old']);
  });
});
