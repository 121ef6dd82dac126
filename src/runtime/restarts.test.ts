import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ContainerId, newId } from '../base/mod.ts';
import { eventually, isAlive, TestBench } from './testing.ts';

const SIGTERM = 15;
let bench: TestBench;

beforeAll(async () => {
  bench = new TestBench();
  await bench.runtime.open();
});

afterAll(async () => {
  await bench.close();
});

describe('restarts', () => {
  test('an exit that came while no daemon was there is told and kept until it is acknowledged', async () => {
    const { id, dispose } = await bench.create(['sh', '-c', 'sleep 0.2; exit 3']);
    await bench.runtime.start(id);
    await bench.runtime.close();
    await eventually(() => readdirSync(join(bench.execRoot, 'exits')).some((name) => name === `${id}.1`));
    await bench.reopen();
    expect(await bench.exitOf(id)).toMatchObject({ exitCode: 3, startNumber: 1 });
    await bench.reopen();
    expect(await bench.exitOf(id)).toMatchObject({ exitCode: 3 });
    expect(await bench.runtime.list()).toMatchObject([{ id, exit: { exitCode: 3 } }]);
    await bench.runtime.acknowledgeExit(id, 1);
    await bench.runtime.delete(id);
    dispose();
    expect(bench.leftovers()).toEqual([]);
  });

  test('a create that nobody waits for any more is undone at the next start', async () => {
    const id = newId<ContainerId>();
    await bench.runtime.prepareStdio(id, { tty: false, openStdin: true });
    await bench.reopen();
    expect(bench.leftovers()).toEqual([]);
  });

  test('a killed keeper is replaced; containers run on and their exit codes are known', async () => {
    const lives = await Promise.all([
      bench.create(['sh', '-c', 'sleep 1.5; exit 5']),
      bench.create(['sh', '-c', 'trap "exit 6" TERM; echo ready; while true; do sleep 0.05; done']),
      bench.create(['true']),
    ]);
    const [brief, long, waiting] = lives;
    await bench.runtime.start(brief.id);
    await bench.runtime.start(long.id);
    await eventually(() => long.output() !== '');
    const before = bench.keeperPid;
    process.kill(before, 'SIGKILL');
    await eventually(() => bench.keeperPid > 0 && bench.keeperPid !== before && isAlive(bench.keeperPid));
    expect(await bench.runtime.list()).toHaveLength(3);
    await bench.runtime.start(waiting.id);
    await bench.runtime.signal(long.id, SIGTERM);
    expect((await bench.exitOf(long.id)).exitCode).toBe(6);
    expect((await bench.exitOf(brief.id)).exitCode).toBe(5);
    expect((await bench.exitOf(waiting.id)).exitCode).toBe(0);
    for (const { id, dispose } of lives) {
      await bench.runtime.delete(id);
      dispose();
    }
    expect(bench.leftovers()).toEqual([]);
  });

  test('a keeper that is killed again and again while it is taken stock of leaves one connection', async () => {
    const sockets = () =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
        } catch {
          return false;
        }
      }).length;
    const { id, dispose } = await bench.create(['sleep', '1000']);
    await bench.runtime.start(id);
    const before = sockets();
    for (let n = 0; n < 6; n++) {
      const keeper = bench.keeperPid;
      process.kill(keeper, 'SIGKILL');
      await eventually(() => bench.keeperPid > 0 && bench.keeperPid !== keeper && isAlive(bench.keeperPid));
      await sleep(n * 4);
    }
    await eventually(async () => (await bench.runtime.list().catch(() => [])).length === 1);
    await bench.runtime.delete(id);
    await eventually(() => sockets() === before);
    dispose();
    expect(bench.leftovers()).toEqual([]);
  });

  test('a container is removed though the keeper is killed in the middle', async () => {
    const { id, dispose } = await bench.create(['sleep', '1000']);
    await bench.runtime.start(id);
    const removed = bench.runtime.delete(id);
    process.kill(bench.keeperPid, 'SIGKILL');
    await removed;
    dispose();
    expect(bench.leftovers()).toEqual([]);
  });

  test('keeper and daemon killed together: what ended meanwhile has 255 and says why', async () => {
    const { id, dispose } = await bench.create(['sleep', '1000']);
    await bench.runtime.start(id);
    const [held] = await bench.runtime.list();
    await bench.runtime.close();
    const keeper = bench.keeperPid;
    process.kill(keeper, 'SIGKILL');
    await eventually(() => !isAlive(keeper));
    process.kill(held?.pid ?? 0, 'SIGKILL');
    await eventually(() => !isAlive(held?.pid ?? 0));
    await bench.reopen();
    const exit = await bench.exitOf(id);
    expect(exit.exitCode).toBe(255);
    expect(exit.error).toContain('not known');
    await bench.runtime.delete(id);
    dispose();
    expect(bench.leftovers()).toEqual([]);
  });
});

describe('a runtime that hangs', () => {
  beforeAll(() => {
    const script = '#!/bin/sh\n[ "$1" = --version ] && exec crun --version\nsleep 1000\n';
    writeFileSync(join(bench.directory, 'hanging'), script, { mode: 0o755 });
  });
  afterAll(() => bench.reopen());

  test('is killed at its deadline', async () => {
    await bench.reopen({ runtimePath: join(bench.directory, 'hanging'), deadlineMs: 300 });
    const error = await bench.create(['true']).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'timeout', exitCode: 128 });
    expect(bench.leftovers()).toEqual([]);
  });

  test('is killed when the create is cancelled, and holds up nobody else', async () => {
    await bench.reopen({ runtimePath: join(bench.directory, 'hanging') });
    const id = newId<ContainerId>();
    const abort = new AbortController();
    const failed = bench.create(['true'], { id, signal: abort.signal }).catch((error: unknown) => error);
    await eventually(() => existsSync(join(bench.execRoot, 'containers', id, 'config.json')));
    expect(await bench.runtime.list()).toEqual([]);
    await sleep(100);
    abort.abort();
    expect(await failed).toMatchObject({ code: 'cancelled' });
    expect(bench.leftovers()).toEqual([]);
  });

  test('is not needed for a cancel: one at any moment leaves nothing', async () => {
    await bench.reopen();
    for (let ms = 0; ms < 40; ms += 2) {
      const abort = new AbortController();
      const made = bench.create(['true'], { signal: abort.signal });
      setTimeout(() => abort.abort(), ms);
      // Done already, or cancelled.
      const outcome = await made.catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'cancelled' });
      else {
        await bench.runtime.delete((outcome as Awaited<typeof made>).id);
        (outcome as Awaited<typeof made>).dispose();
      }
      expect(bench.leftovers()).toEqual([]);
    }
  });
});

describe('a keeper that nobody needs', () => {
  test('is not waited for at a first start, is there after warmUp, and ends with the daemon', async () => {
    const fresh = new TestBench();
    const socket = join(fresh.execRoot, 'keeper.sock');
    await fresh.runtime.open();
    expect(await fresh.runtime.list()).toEqual([]);
    expect(existsSync(socket)).toBeFalse();
    await fresh.runtime.warmUp();
    expect(existsSync(socket)).toBeTrue();
    const pid = fresh.keeperPid;
    await fresh.runtime.close();
    expect(isAlive(pid)).toBeFalse();
    expect(existsSync(socket)).toBeFalse();
    await fresh.close();
  });
});
