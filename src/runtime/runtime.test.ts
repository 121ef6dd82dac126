import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { closeSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ContainerId, newId } from '../base/mod.ts';
import { RuntimeFailure } from './crun/failure.ts';
import { eventually, isAlive, readAvailable, TestBench } from './testing.ts';

const SIGTERM = 15;
const SIGKILL = 9;
let bench: TestBench;

beforeAll(async () => {
  bench = new TestBench();
  await bench.runtime.open();
});

afterAll(async () => {
  await bench.close();
});

const descriptorsOf = (pid: number | 'self') => readdirSync(`/proc/${pid}/fd`).length;

describe('a container', () => {
  test('says what it says and ends with its exit code', async () => {
    const exit = await bench.life(['sh', '-c', 'echo out; echo err >&2; exit 42']);
    expect(exit).toMatchObject({ exitCode: 42, output: 'out\nerr\n', oomKilled: false, startNumber: 1 });
    expect(bench.leftovers()).toEqual([]);
  });

  test('ends by a signal', async () => {
    const { id, dispose } = await bench.create(['sleep', '1000']);
    await bench.runtime.start(id);
    await bench.runtime.signal(id, SIGKILL);
    expect((await bench.exitOf(id)).exitCode).toBe(137);
    await expect(bench.runtime.signal(id, SIGTERM)).rejects.toMatchObject({ code: 'not-found' });
    await bench.runtime.delete(id);
    dispose();
  });

  test('sees its settings', async () => {
    const exit = await bench.life(
      ['sh', '-c', 'echo $0 $HOSTNAME; id -u; ulimit -n; cat /proc/self/oom_score_adj'],
      {
        host: { OomScoreAdj: 7, Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }] },
        input: { user: { uid: 1000, gid: 1000, additionalGids: [] }, env: ['PATH=/bin', 'HOSTNAME=h'] },
      },
    );
    expect(exit.output).toBe('sh h\n1000\n100\n7\n');
  });

  test('may open /dev/stdout anew, also as a user that is not root', async () => {
    const user = { uid: 1000, gid: 1000, additionalGids: [] };
    const exit = await bench.life(['sh', '-c', 'echo a > /dev/stdout; echo b > /dev/stderr'], {
      input: { user },
    });
    expect(exit.output).toBe('a\nb\n');
  });

  test('that takes too much memory is marked as such', async () => {
    const exit = await bench.life(['sh', '-c', 'tail -c 100m /dev/zero'], { host: { Memory: 16 << 20 } });
    expect(exit.oomKilled).toBe(true);
  });

  test('stands still while it is paused', async () => {
    const { id, output, dispose } = await bench.create([
      'sh',
      '-c',
      'while true; do echo x; sleep 0.01; done',
    ]);
    await bench.runtime.start(id);
    await eventually(() => output() !== '');
    await bench.runtime.pause(id);
    output();
    await sleep(100);
    expect(output()).toBe('');
    await bench.runtime.resume(id);
    await eventually(() => output() !== '');
    await bench.runtime.delete(id);
    dispose();
    expect(bench.leftovers()).toEqual([]);
  });

  test('is deleted though it is paused', async () => {
    const { id, dispose } = await bench.create(['sh', '-c', 'sleep 1000 & sleep 1001']);
    await bench.runtime.start(id);
    await bench.runtime.pause(id);
    await bench.runtime.delete(id);
    dispose();
    expect(bench.leftovers()).toEqual([]);
  });

  test('is gone with all its processes when it is deleted while it runs', async () => {
    const { id, dispose } = await bench.create(['sh', '-c', 'sleep 1000 & sleep 1001']);
    await bench.runtime.start(id);
    await bench.runtime.delete(id);
    await bench.runtime.delete(id);
    dispose();
    expect(bench.leftovers()).toEqual([]);
  });

  test('may be deleted before it was started', async () => {
    const { id, dispose } = await bench.create(['true']);
    expect(await bench.runtime.list()).toMatchObject([{ id, started: false, tty: false }]);
    await bench.runtime.delete(id);
    dispose();
    expect(bench.leftovers()).toEqual([]);
    expect(await bench.runtime.list()).toEqual([]);
  });
});

describe('a program that cannot be run', () => {
  const failure = (args: string[]) =>
    bench.create(args).then(
      () => undefined,
      (error: unknown) => error,
    );

  test('is reported in the words of runc, and nothing is left', async () => {
    writeFileSync(join(bench.rootfs, 'etc/plain'), 'x');
    for (const [program, exitCode, words] of [
      ['nosuch', 127, 'exec: "nosuch": executable file not found in $PATH'],
      ['/nosuch', 127, 'exec: "/nosuch": stat /nosuch: no such file or directory'],
      ['/etc', 126, 'exec: "/etc": is a directory: permission denied'],
      ['/etc/plain', 126, 'exec: "/etc/plain": permission denied'],
    ] as const) {
      const error = await failure([program]);
      expect(error).toBeInstanceOf(RuntimeFailure);
      expect(error).toMatchObject({ code: 'invalid', exitCode });
      expect((error as Error).message).toContain(words);
    }
    expect(bench.leftovers()).toEqual([]);
  });
});

describe('standard input', () => {
  test('ends at the half-close, and all of it arrives', async () => {
    const request = { openStdin: true, stdinOnce: true };
    const { id, output, dispose } = await bench.create(['sh', '-c', 'wc -c; echo done'], { request });
    const writer = await bench.runtime.openStdin(id);
    await bench.runtime.start(id);
    await writer.write(Buffer.alloc(300_000, 'x'));
    await writer.end();
    expect((await bench.exitOf(id)).exitCode).toBe(0);
    expect(output()).toBe('300000\ndone\n');
    await bench.runtime.delete(id);
    dispose();
  });

  test('without StdinOnce outlives its clients and the daemon, until one ends it', async () => {
    const { id, output, dispose } = await bench.create(['cat'], { request: { openStdin: true } });
    await bench.runtime.start(id);
    const first = await bench.runtime.openStdin(id);
    await first.write(Buffer.from('one\n'));
    first.release();
    await bench.reopen();
    await eventually(() => output() === 'one\n');
    const second = await bench.runtime.openStdin(id);
    await second.write(Buffer.from('two\n'));
    await second.end();
    expect((await bench.exitOf(id)).exitCode).toBe(0);
    expect(output()).toBe('two\n');
    await bench.runtime.delete(id);
    dispose();
  });

  test('with StdinOnce ends with its client', async () => {
    const { id, dispose } = await bench.create(['cat'], { request: { openStdin: true, stdinOnce: true } });
    await bench.runtime.start(id);
    (await bench.runtime.openStdin(id)).release();
    expect((await bench.exitOf(id)).exitCode).toBe(0);
    await bench.runtime.delete(id);
    dispose();
  });

  test('is refused with EPIPE when nobody reads, and empty where none was asked for', async () => {
    const request = { openStdin: true };
    const { id, dispose } = await bench.create(['sh', '-c', 'exec <&-; sleep 1000'], { request });
    await bench.runtime.start(id);
    const writer = await bench.runtime.openStdin(id);
    const write = async () => {
      for (let i = 0; i < 1_000; i++) {
        await writer.write(Buffer.from('x'));
        await sleep(5);
      }
    };
    await expect(write()).rejects.toMatchObject({ code: 'EPIPE' });
    await bench.runtime.delete(id);
    writer.release();
    dispose();
    expect((await bench.life(['cat'])).exitCode).toBe(0);
  });
});

describe('a terminal', () => {
  test('has its size, takes input, is resized', async () => {
    const request = { tty: true, openStdin: true, consoleSize: [24, 81] as [number, number] };
    const { id } = await bench.create(['sh', '-c', 'stty size; read x; echo got $x; stty size'], { request });
    const master = await bench.runtime.ptyMaster(id);
    await bench.runtime.start(id);
    let text = '';
    const says = (words: string) =>
      eventually(() => {
        text += readAvailable(master);
        return text.includes(words);
      });
    await says('24 81\r\n');
    await bench.runtime.resize(id, 30, 100);
    const writer = await bench.runtime.openStdin(id);
    await writer.write(Buffer.from('hello\n'));
    writer.release();
    await says('got hello\r\n30 100\r\n');
    expect((await bench.exitOf(id)).exitCode).toBe(0);
    closeSync(master);
    await bench.runtime.delete(id);
    expect(bench.leftovers()).toEqual([]);
  });
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

  test('is killed when the container is removed, and holds up nobody else', async () => {
    await bench.reopen({ runtimePath: join(bench.directory, 'hanging') });
    const id = newId<ContainerId>();
    const failed = bench.create(['true'], { id }).catch((error: unknown) => error);
    await eventually(() => existsSync(join(bench.execRoot, 'containers', id, 'config.json')));
    expect(await bench.runtime.list()).toEqual([]);
    await sleep(100);
    await bench.runtime.delete(id);
    expect(await failed).toMatchObject({ code: 'cancelled' });
    expect(bench.leftovers()).toEqual([]);
  });
});

describe('many lives', () => {
  test('leave no descriptor, process, cgroup or file', async () => {
    await bench.life(['true']);
    const before = [descriptorsOf('self'), descriptorsOf(bench.keeperPid)];
    for (let round = 0; round < 25; round++) {
      const exits = await Promise.all(
        Array.from({ length: 8 }, (_, i) => bench.life(['sh', '-c', `echo ${i}; exit ${i}`])),
      );
      expect(exits.map(({ exitCode, output }) => [exitCode, output])).toEqual(
        exits.map((_, i) => [i, `${i}\n`]),
      );
    }
    expect([descriptorsOf('self'), descriptorsOf(bench.keeperPid)]).toEqual(before);
    const children = readFileSync(`/proc/${bench.keeperPid}/task/${bench.keeperPid}/children`, 'utf8');
    expect(children.trim()).toBe('');
    expect(bench.leftovers()).toEqual([]);
  }, 60_000);
});
