/** The process that holds containers: it is upgraded under them, and killed. */
import { describe, expect, test } from 'bun:test';
import { appendFileSync, cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { calm } from '../fixtures/chaos/calm.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { isAlive, ROOT, sleep, until, workFolder } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { started } from '../fixtures/started.ts';

const COUNT = 'i=0; while :; do i=$((i+1)); echo "line $i"; sleep 0.01; done';

async function keeperPid(): Promise<number> {
  const { daemon } = await engine();
  return Number(readFileSync(join(daemon.execRoot, 'keeper.lock'), 'utf8'));
}

async function newKeeper(before: number): Promise<number> {
  return await until('another keeper', async () => {
    const pid = await keeperPid();
    return pid > 0 && pid !== before && isAlive(pid) ? pid : undefined;
  });
}

/** Every line from the first on, each once. */
async function expectCounted(name: string, atLeast: number): Promise<void> {
  const { docker } = await engine();
  const lines = (await docker.ok(['logs', name])).split('\n');
  expect(lines.length).toBeGreaterThan(atLeast);
  expect(lines).toEqual(lines.map((_, index) => `line ${index + 1}`));
}

/** A copy of this project whose keeper is another build. */
function nextVersion(): string {
  const folder = workFolder('next');
  for (const part of ['bin', 'src', 'package.json']) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  appendFileSync(join(folder, 'src/runtime/keeper/main.ts'), '// The next version.\n');
  return folder;
}

describe.skipIf(ENGINE === 'docker')('an upgrade of daemon and keeper', () => {
  test('is not noticed by a container: its output, its input and its exit code come through', async () => {
    using _calm = await calm('the daemon is another program meanwhile');
    const { docker, daemon, busybox } = await engine();
    const [writer, reader, terminal] = ['write', 'read', 'tty'].map(uniqueName) as [string, string, string];
    await using _boxes = removing(docker, writer, reader, terminal);
    await docker.ok(['run', '-d', '--name', writer, busybox, 'sh', '-c', COUNT]);
    await docker.ok(['run', '-d', '-t', '-i', '--name', terminal, busybox, 'sh']);
    const echo = 'while read x; do echo "got $x"; done; exit 4';
    const open = { Image: busybox, Cmd: ['sh', '-c', echo], OpenStdin: true };
    await daemon.api.post(`/containers/create?name=${reader}`, open);
    await docker.ok(['start', reader]);
    const before = await keeperPid();
    const program = readFileSync(`/proc/${before}/cmdline`, 'utf8');
    const pid = await docker.ok(['inspect', '-f', '{{.State.Pid}}', writer]);

    const old = daemon.program;
    const folder = nextVersion();
    await daemon.kill();
    daemon.program = join(folder, 'bin/minked');
    await daemon.start();
    try {
      expect(await keeperPid()).toBe(before);
      const now = readFileSync(`/proc/${before}/cmdline`, 'utf8');
      expect(now).not.toBe(program);
      expect(now).toContain(folder);
      expect(await docker.ok(['inspect', '-f', '{{.State.Status}} {{.State.Pid}}', writer])).toBe(
        `running ${pid}`,
      );
      await sleep(300);
      await expectCounted(writer, 50);
      const attached = docker.start(['attach', reader]);
      attached.child.stdin?.write('after\n');
      await until('the answer', () => attached.output() === 'got after\n');
      attached.child.kill('SIGKILL');
      const seat = await docker.terminal(['attach', terminal], 31, 97);
      seat.type('stty size; exit 9\n');
      await seat.see(/31 97/);
      expect(await docker.ok(['wait', terminal])).toBe('9');
      await docker.ok(['kill', '-s', 'KILL', writer]);
      expect(await docker.ok(['wait', writer])).toBe('137');
      await expectCounted(writer, 50);
      expect(await docker.ok(['run', '--rm', busybox, 'echo', 'new ones too'])).toBe('new ones too');
    } finally {
      await daemon.kill();
      daemon.program = old;
      await daemon.start();
    }
    expect(await keeperPid()).toBe(before);
    expect(readFileSync(`/proc/${before}/cmdline`, 'utf8')).not.toContain(folder);
  }, 120_000);
});

describe.skipIf(ENGINE === 'docker')('a keeper that is killed', () => {
  test('is replaced: containers run on, and their exit codes are known', async () => {
    using _calm = await calm('with the daemon killed as well, the exit code is not known');
    const { docker, busybox } = await engine();
    const [writer, ender, later] = ['write', 'end', 'later'].map(uniqueName) as [string, string, string];
    await using _boxes = removing(docker, writer, ender, later);
    await docker.ok(['run', '-d', '--name', writer, busybox, 'sh', '-c', COUNT]);
    await docker.ok(['run', '-d', '--name', ender, busybox, 'sh', '-c', 'sleep 0.4; exit 42']);
    await docker.ok(['run', '-d', '--name', later, busybox, 'sh', '-c', 'sleep 3; exit 43']);
    const before = await keeperPid();
    process.kill(before, 'SIGKILL');
    await newKeeper(before);
    expect(await docker.ok(['wait', ender])).toBe('42');
    expect(await docker.ok(['wait', later])).toBe('43');
    expect(await docker.ok(['inspect', '-f', '{{.State.Status}}', writer])).toBe('running');
    await docker.ok(['stop', '-t', '0', writer]);
    await expectCounted(writer, 30);
    expect(await docker.ok(['run', '--rm', busybox, 'echo', 'new ones too'])).toBe('new ones too');
  }, 60_000);

  test('together with the daemon leaves containers that run, and 255 for what ended meanwhile', async () => {
    const { docker, daemon, busybox } = await engine();
    const [stays, ends] = ['stay', 'end'].map(uniqueName) as [string, string];
    await using _boxes = removing(docker, stays, ends);
    await docker.ok(['run', '-d', '--name', stays, busybox, 'sleep', '1000']);
    await docker.ok(['run', '-d', '--name', ends, busybox, 'sleep', '1000']);
    const inspect = (format: string, name: string) => docker.ok(['inspect', '-f', format, name]);
    const [pid, ending] = [await inspect('{{.State.Pid}}', stays), await inspect('{{.State.Pid}}', ends)];
    const before = await keeperPid();
    await daemon.kill();
    process.kill(before, 'SIGKILL');
    await until('the keeper to end', () => !isAlive(before));
    process.kill(Number(ending), 'SIGKILL');
    await until('the process to end', () => !isAlive(Number(ending)));
    await daemon.start();
    expect(await inspect('{{.State.Status}} {{.State.Pid}}', stays)).toBe(`running ${pid}`);
    expect(await inspect('{{.State.Status}} {{.State.ExitCode}}', ends)).toBe('exited 255');
    expect(await inspect('{{.State.Error}}', ends)).toContain('the keeper was killed');
    await docker.ok(['stop', '-t', '0', stays]);
    expect(await inspect('{{.State.Status}} {{.State.ExitCode}}', stays)).toBe('exited 137');
  }, 60_000);

  test('leaves terminals to the daemon; with both gone they hang up', async () => {
    using _calm = await calm('the terminal lives as long as this daemon');
    const { docker, daemon } = await engine();
    const script = 'trap "exit 129" HUP; echo on; while :; do sleep 0.05; done';
    await using box = await started(script, { says: 'on', flags: ['-t'] });
    const { name } = box;
    const before = await keeperPid();
    process.kill(before, 'SIGKILL');
    await newKeeper(before);
    await sleep(200);
    expect(await docker.ok(['inspect', '-f', '{{.State.Status}}', name])).toBe('running');
    await daemon.kill();
    await daemon.start();
    expect(await docker.ok(['wait', name])).toBe('129');
  }, 60_000);
});
