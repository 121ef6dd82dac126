import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { closeSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RuntimeFailure } from './crun/failure.ts';
import { eventually, readAvailable, TestBench } from './testing.ts';

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

  test('dies of SIGKILL though it is paused', async () => {
    const { id, dispose } = await bench.create(['sleep', '1000']);
    await bench.runtime.start(id);
    await bench.runtime.pause(id);
    await bench.runtime.signal(id, 9);
    expect(await bench.exitOf(id)).toMatchObject({ exitCode: 137 });
    await bench.runtime.delete(id);
    dispose();
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
    const { id, dispose } = await bench.create(['sh', '-c', 'read x; exec <&-; sleep 1000'], { request });
    await bench.runtime.start(id);
    const writer = await bench.runtime.openStdin(id);
    const write = async () => {
      for (let i = 0; i < 1_000; i++) {
        await writer.write(Buffer.from('x\n'));
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

describe('many lives', () => {
  test('leave no descriptor, process, cgroup or file', async () => {
    await bench.life(['true']);
    const before = [descriptorsOf('self'), descriptorsOf(bench.keeperPid)];
    for (let round = 0; round < Number(process.env['MINKE_TEST_ROUNDS'] ?? 10); round++) {
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
