/** OCI runtimes that fail, hang or are gone, and processes that would not die: what the engine makes of them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon } from '../fixtures/daemon.ts';
import { cgroupsOf } from '../fixtures/leaks.ts';
import { sh, until, workFolder } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

const folder = workFolder('runtimes');
const CRUN = '/usr/bin/crun';

/** A runtime that says it is crun, and does `what` where a container is to be made. */
function program(name: string, what: string): { path: string } {
  const path = join(folder, name);
  const script = `#!/bin/sh\ncase "$*" in\n*--version*) exec ${CRUN} --version ;;\n*" create "*) ${what} ;;\nesac\nexec ${CRUN} "$@"\n`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return { path };
}

describe.if(existsSync(CRUN))('an OCI runtime', () => {
  let daemon: Daemon;
  let docker: Client;
  let quiet: Disposable;

  beforeAll(async () => {
    const runtimes = {
      fails: program('fails', 'echo "the moon is in the wrong house" >&2; exit 1'),
      dies: program('dies', 'kill -KILL $$'),
      hangs: program('hangs', 'kill -STOP $$'),
      goes: program('goes', 'true'),
    };
    daemon = await Daemon.start({ subnet: 99, config: { runtimes } });
    quiet = await calm('who fails here is the runtime');
    const [cli] = dockerClis();
    if (!cli) throw new Error('no docker CLI');
    docker = new Client(cli, daemon.host);
    await docker.ok(['import', '-c', 'ENV PATH=/bin', '-', 'box'], { input: busyboxRootfs() });
  }, 60_000);
  afterAll(async () => {
    quiet[Symbol.dispose]();
    await daemon.stop();
  });

  const entries = (name: string) =>
    existsSync(join(daemon.execRoot, name)) ? readdirSync(join(daemon.execRoot, name)) : [];

  /** Of a container that could not start, nothing is there but its record. */
  async function nothingLeft(id: string): Promise<void> {
    for (const name of ['containers', 'netns', 'crun', 'exits']) expect(entries(name)).not.toContain(id);
    expect(cgroupsOf([id])).toEqual([]);
    expect(await sh(`grep -c ${id} /proc/self/mountinfo || true`)).toBe('0');
  }

  test.each([
    ['fails', /OCI runtime create failed|failed to create/],
    ['dies', /failed to create/],
  ])('that %s is told of in the error, and leaves nothing', async (runtime, sentence) => {
    const name = uniqueName(runtime);
    await using _box = removing(docker, name);
    const id = await docker.ok(['create', '--name', name, '--runtime', runtime, 'box', 'true']);
    for (const _again of [1, 2]) {
      const started = await docker.run(['start', name]);
      expect(started.code).toBe(1);
      expect(started.stderr).toMatch(sentence);
    }
    const { State } = (await daemon.api.get(`/containers/${id}/json`)).json<{
      State: { Status: string; ExitCode: number; Error: string; Pid: number };
    }>();
    expect(State).toMatchObject({
      Status: 'created',
      Pid: 0,
      Error: expect.stringMatching(sentence) as string,
    });
    expect(State.ExitCode).toBeGreaterThan(0);
    await nothingLeft(id);
  });

  test('that is gone is said to be so, and works again once it is back', async () => {
    const name = uniqueName('goes');
    await using _box = removing(docker, name);
    const id = await docker.ok(['create', '--name', name, '--runtime', 'goes', 'box', 'echo', 'back']);
    rmSync(join(folder, 'goes'));
    const started = await docker.run(['start', name]);
    expect(started.code).toBe(1);
    expect(started.stderr).toContain(join(folder, 'goes'));
    await nothingLeft(id);
    program('goes', 'true');
    expect(await docker.ok(['start', '-a', name])).toBe('back');
  });

  test('that hangs holds up nobody, and rm -f ends it', async () => {
    const [stuck, other] = [uniqueName('stuck'), uniqueName('other')];
    await using _boxes = removing(docker, stuck, other);
    await docker.ok(['run', '-d', '--name', other, 'box', 'sleep', '1000']);
    const id = await docker.ok(['create', '--name', stuck, '--runtime', 'hangs', 'box', 'true']);
    let ended = false;
    const starting = docker.run(['start', stuck]).finally(() => {
      ended = true;
    });
    const hanging = () => sh(`ps -eo stat=,args= | grep '^T' | grep -c '${join(folder, 'hangs')}' || true`);
    await until('the runtime to hang', async () => (await hanging()) === '1');
    for (const path of [
      '/containers/json?all=1',
      `/containers/${stuck}/json`,
      `/containers/${other}/json`,
      '/info',
    ]) {
      expect((await daemon.api.get(path)).status).toBe(200);
    }
    expect(await docker.ok(['exec', other, 'echo', 'on'])).toBe('on');
    expect(await docker.ok(['run', '--rm', 'box', 'echo', 'on'])).toBe('on');
    await docker.ok(['stop', '-t', '0', other]);
    expect(ended).toBe(false);
    await docker.ok(['rm', '-f', stuck]);
    const started = await starting;
    expect(started.code).toBe(1);
    expect(started.stderr).toContain('container is marked for removal and cannot be started');
    expect(await hanging()).toBe('0');
    await nothingLeft(id);
  });

  test('that hangs is ended by the next daemon where this one is killed', async () => {
    const name = uniqueName('stuck');
    await using _box = removing(docker, name);
    const id = await docker.ok(['create', '--name', name, '--runtime', 'hangs', 'box', 'true']);
    const starting = docker.run(['start', name]);
    const hanging = () => sh(`ps -eo stat=,args= | grep '^T' | grep -c '${join(folder, 'hangs')}' || true`);
    await until('the runtime to hang', async () => (await hanging()) === '1');
    await daemon.kill();
    expect((await starting).code).toBe(1);
    await daemon.start();
    await until('it to be ended', async () => (await hanging()) === '0');
    expect(await docker.ok(['inspect', '-f', '{{.State.Status}}', name])).toBe('created');
    await nothingLeft(id);
  });

  test.each([[[]], [['--pid', 'host']]])(
    'processes that fork while they are killed are all gone: %p',
    async (flags) => {
      const name = uniqueName('forks');
      await using _box = removing(docker, name);
      // Each begins two more, as long as there is room, and ignores what it can.
      const script = 'trap "" TERM INT HUP; f() { while :; do f & sleep 0.01; done; }; f';
      const id = await docker.ok([
        'run',
        '-d',
        '--name',
        name,
        '--pids-limit',
        '60',
        ...flags,
        'box',
        'sh',
        '-c',
        script,
      ]);
      const processes = () => cgroupsOf([id]).length;
      const count = async () => Number(await sh(`cat /sys/fs/cgroup/pids/minke/${id}/pids.current`));
      await until('many', async () => (await count()) > 40);
      await docker.ok(['stop', '-t', '0', name]);
      expect(await docker.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name])).toBe(
        'exited 137',
      );
      await until('all to be gone', () => processes() === 0);
      await docker.ok(['start', name]);
      await until('many', async () => (await count()) > 40);
      await docker.ok(['rm', '-f', name]);
      await until('all to be gone', () => processes() === 0);
      await nothingLeft(id);
    },
  );
});
