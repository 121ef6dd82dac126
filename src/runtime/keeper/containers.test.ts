import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readProcStat } from '../../sys/mod.ts';
import { Children } from './children.ts';
import { Containers } from './containers.ts';
import type { ExitRecord } from './protocol.ts';
import { HeldDescriptors } from './stdio.ts';

const none = { path: '/dev/null', flags: 2 };

test('the exit of a container is on disk and told, but not of one that was forgotten while it ended', async () => {
  const execRoot = mkdtempSync(join(tmpdir(), 'minke-keeper-'));
  const children = new Children();
  const told: ExitRecord[] = [];
  const containers = new Containers(execRoot, children, (exit) => told.push(exit));
  try {
    const ends = ['kept', 'forgotten'].map((id) => {
      mkdirSync(join(execRoot, 'containers', id), { recursive: true });
      const { pid } = children.spawn({
        path: '/bin/sleep',
        argv: ['sleep', '100'],
        env: {},
        stdio: [none, none, none],
      });
      const startTime = readProcStat(pid)?.startTime ?? 0;
      const runtime = { path: 'crun', root: execRoot, args: [], startByFifo: true };
      containers.add(
        { id, startNumber: 1, tty: false, holdStdin: false, runtime, pid, startTime },
        new HeldDescriptors(),
      );
      return { pid };
    });
    containers.forget('forgotten');
    for (const { pid } of ends) process.kill(pid, 'SIGKILL');
    for (let i = 0; i < 1_000 && ends.some(({ pid }) => readProcStat(pid)); i++) {
      await Bun.sleep(5);
      children.reap();
    }
    expect(told.map(({ id, status }) => [id, status])).toEqual([['kept', 9]]);
    expect(readdirSync(join(execRoot, 'exits'))).toEqual(['kept.1']);
  } finally {
    children.close();
    rmSync(execRoot, { recursive: true });
  }
});
