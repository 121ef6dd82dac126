import { afterAll, describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In a process of its own: reaping every child would steal the test runner's. */
function inChild(code: string): string {
  const source = `import * as sys from ${JSON.stringify(join(import.meta.dir, '../mod.ts'))};\n${code}`;
  const result = spawnSync(process.execPath, ['-e', source], { encoding: 'utf8', timeout: 20_000 });
  return result.stdout + result.stderr;
}

const directory = mkdtempSync(join(tmpdir(), 'minke-spawn-'));
afterAll(() => rmSync(directory, { recursive: true }));

const reap = `
function wait(pid) { for (;;) { const r = sys.reapAny(); if (r?.pid === pid) return r.status; Bun.sleepSync(1); } }
const spawn = (argv, stdio = [0, 1, 2]) => sys.spawnProcess({ path: argv[0], argv, env: { A: 'b' }, stdio });
`;

describe('spawnProcess', () => {
  test('gives exit codes and signals', () => {
    const out = inChild(`${reap}
      console.log(sys.decodeWaitStatus(wait(spawn(['/bin/sh', '-c', 'exit 42']))).code);
      console.log(sys.decodeWaitStatus(wait(spawn(['/bin/sh', '-c', 'kill -9 $$']))).code);
      try { spawn(['/nonexistent']) } catch (error) { console.log(error.code) }`);
    expect(out.split('\n')).toEqual(['42', '137', 'ENOENT', '']);
  });

  test('resets ignored signals, passes the environment, opens files', () => {
    const file = join(directory, 'out');
    inChild(`${reap}
      wait(spawn(['/bin/sh', '-c', 'grep SigIgn /proc/self/status; echo $A'],
        [0, { path: ${JSON.stringify(file)}, flags: 0o1101 }, 2]));`);
    const [ignored, variable] = readFileSync(file, 'utf8').split('\n');
    // glibc always has its own two, 32 and 33, ignored in what it spawns.
    expect(BigInt(`0x${ignored?.slice(-16)}`) & ~0x1_8000_0000n).toBe(0n);
    expect(variable).toBe('b');
  });
});

describe('Pidfd', () => {
  test('tells the exit status of a process that another one reaped', () => {
    const out = inChild(`${reap}
      const pid = spawn(['/bin/sh', '-c', 'read x; exit 7'], [{ path: '/dev/zero', flags: 0 }, 1, 2]);
      const held = new sys.Pidfd(pid);
      held.signal(9); const status = wait(pid);
      console.log(held.ended, held.exitStatus() === status, held.signal(0));`);
    expect(out).toBe('true true false\n');
  });
});

describe('sealed memfd', () => {
  test('can be executed and not be written', () => {
    const out = inChild(`${reap}
      import fs from 'node:fs';
      const fd = sys.createMemfd('x'); fs.writeSync(fd, fs.readFileSync('/bin/true')); sys.sealMemfd(fd);
      console.log(wait(sys.spawnProcess({ path: '/proc/self/fd/' + fd, argv: ['x'], env: {}, stdio: [0, 1, 2] })));
      try { fs.writeSync(fd, 'x', 0) } catch (error) { console.log(error.code) }`);
    expect(out).toBe('0\nEPERM\n');
  });
});

describe('tryLockFile', () => {
  test('gives the lock to one opener only', () => {
    const path = join(directory, 'lock');
    const one = openSync(path, 'w');
    const out = inChild(`import fs from 'node:fs';
      console.log(sys.tryLockFile(fs.openSync(${JSON.stringify(path)}, 'w')));`);
    expect(out).toBe('true\n');
    closeSync(one);
  });
});
