import { afterEach, beforeEach, expect, test } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, isAlive, TestBench } from './testing.ts';

const SIGTERM = 15;
const OTHER = { keeperBuild: 'another build' };
let bench: TestBench;

beforeEach(async () => {
  bench = new TestBench();
  await bench.runtime.open();
});
afterEach(() => bench.close());

const openDescriptors = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;

test('containers run on, are started, heard and ended under the same keeper after its upgrade', async () => {
  const ticking = await bench.create([
    ...['sh', '-c', 'trap "exit 6" TERM; i=0; while true; do i=$((i+1)); echo "tick $i"; sleep 0.01; done'],
  ]);
  const waiting = await bench.create(['sh', '-c', 'exit 7']);
  const reader = await bench.create(['cat'], { request: { openStdin: true } });
  const ended = await bench.create(['sh', '-c', 'exit 8']);
  const terminal = await bench.create(['sh', '-c', 'read x; exit 9'], {
    request: { tty: true, openStdin: true },
  });
  for (const { id } of [ticking, reader, ended, terminal]) await bench.runtime.start(id);
  expect((await bench.exitOf(ended.id)).exitCode).toBe(8);
  let said = '';
  await eventually(() => {
    said += ticking.output();
    return said.includes('tick 3\n');
  });
  const before = bench.keeperPid;
  const program = readFileSync(`/proc/${before}/cmdline`, 'utf8');
  const descriptors = openDescriptors(before);

  await bench.reopen(OTHER);

  expect(bench.keeperPid).toBe(before);
  expect(readFileSync(`/proc/${before}/cmdline`, 'utf8')).not.toBe(program);
  expect(await bench.runtime.list()).toHaveLength(5);
  await bench.runtime.start(waiting.id);
  expect((await bench.exitOf(waiting.id)).exitCode).toBe(7);
  expect((await bench.exitOf(ended.id)).exitCode).toBe(8);
  const stdin = await bench.runtime.openStdin(reader.id);
  await stdin.write(Buffer.from('still heard\n'));
  await eventually(() => reader.output() === 'still heard\n');
  await stdin.end();
  expect((await bench.exitOf(reader.id)).exitCode).toBe(0);
  const keys = await bench.runtime.openStdin(terminal.id);
  await keys.write(Buffer.from('\n'));
  expect((await bench.exitOf(terminal.id)).exitCode).toBe(9);
  keys.release();
  await bench.runtime.signal(ticking.id, SIGTERM);
  expect((await bench.exitOf(ticking.id)).exitCode).toBe(6);
  said += ticking.output();
  const lines = said.trimEnd().split('\n');
  expect(lines).toEqual(lines.map((_, n) => `tick ${n + 1}`));

  for (const { id, dispose } of [ticking, waiting, reader, ended, terminal]) {
    await bench.runtime.delete(id);
    dispose();
  }
  expect(openDescriptors(before)).toBeLessThan(descriptors);
  expect(bench.leftovers()).toEqual([]);
});

test('what ends in the middle of an upgrade has its exit code, ten times over', async () => {
  for (let n = 0; n < 10; n++) {
    const script = `sleep 0.${String(n * 3).padStart(2, '0')}; exit ${n + 10}`;
    const { id, dispose } = await bench.create(['sh', '-c', script]);
    await bench.runtime.start(id);
    await bench.reopen(OTHER);
    expect((await bench.exitOf(id)).exitCode).toBe(n + 10);
    await bench.runtime.delete(id);
    dispose();
  }
  expect(bench.leftovers()).toEqual([]);
});

test('a program that does not run is not taken: the keeper goes on', async () => {
  const { id, dispose } = await bench.create(['sleep', '1000']);
  await bench.runtime.start(id);
  const pid = bench.keeperPid;
  const broken = join(bench.directory, 'broken');
  writeFileSync(broken, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const { KeeperConnection } = await import('./connection/keeper-connection.ts');
  const connection = await KeeperConnection.open(join(bench.execRoot, 'keeper.sock'));
  for (const argv of [[broken], ['/no/such/program'], []]) {
    const refused = await connection.request('upgrade', { argv }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Error);
    expect(String(refused)).not.toContain('lost');
  }
  connection.close();
  expect(isAlive(pid)).toBeTrue();
  await bench.runtime.delete(id);
  expect((await bench.exitOf(id)).exitCode).toBe(137);
  dispose();
});

test('a keeper of this build is not upgraded', async () => {
  const { id, dispose } = await bench.create(['sleep', '1000']);
  const started = readFileSync(`/proc/${bench.keeperPid}/cmdline`, 'utf8');
  await bench.reopen();
  expect(readFileSync(`/proc/${bench.keeperPid}/cmdline`, 'utf8')).toBe(started);
  await bench.runtime.delete(id);
  dispose();
});
