import { afterEach, describe, expect, test } from 'bun:test';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { uniqueName } from '../fixtures/names.ts';

const name = uniqueName('compat');
afterEach(async () => {
  const { docker } = await engine();
  await docker.run(['rm', '-f', '-v', name]);
});

async function state(): Promise<{ Status: string; ExitCode: number; Error: string }> {
  const { daemon } = await engine();
  return (await daemon.api.get(`/containers/${name}/json`)).json<{ State: never }>().State;
}

describe('a paused container', () => {
  test('goes on when it gets a signal, and ends when it is killed or stopped', async () => {
    const { docker, busybox } = await engine();
    await docker.ok(['run', '-d', '--name', name, busybox, 'sleep', '100']);
    await docker.ok(['pause', name]);
    await docker.ok(['kill', '-s', 'WINCH', name]);
    expect((await state()).Status).toBe('running');
    await docker.ok(['pause', name]);
    await docker.ok(['kill', name]);
    expect(await state()).toMatchObject({ Status: 'exited', ExitCode: 137 });
    await docker.ok(['start', name]);
    await docker.ok(['pause', name]);
    await docker.ok(['stop', '-t', '0', name]);
    expect((await state()).Status).toBe('exited');
  });
});

describe('a container that could not start', () => {
  test('says why to those who wait, and its output is empty', async () => {
    const { daemon, docker, busybox } = await engine();
    const run = await docker.run(['run', '--name', name, busybox, 'no-such-program']);
    expect(run.code).toBe(127);
    expect(run.stderr).toStartWith('docker: Error response from daemon: failed to create ');
    const { Error: why } = await state();
    expect(why).toContain('exec: "no-such-program": executable file not found in $PATH');
    const wait = await daemon.api.post(`/containers/${name}/wait`);
    expect(wait.json()).toMatchObject({ StatusCode: 127, Error: { Message: why } });
    expect((await docker.run(['logs', name])).stdout).toBe('');
  });
});

describe('rm --link', () => {
  test('does not remove the container', async () => {
    const { docker, busybox } = await engine();
    await docker.ok(['create', '--name', name, busybox]);
    const removed = await docker.run(['rm', '--link', name]);
    expect(removed.code).toBe(1);
    expect(removed.stderr).toContain('cannot remove the default link name of the container');
    expect((await state()).Status).toBe('created');
  });
});

describe('a container that is named but is not there', () => {
  for (const flags of [
    ['--volumes-from', 'no-such-one'],
    ['--ipc', 'container:no-such-one'],
    ['--link', 'no-such-one'],
  ]) {
    test(`is a wrong parameter, so that nothing is pulled: ${flags.join(' ')}`, async () => {
      const { docker, busybox } = await engine();
      const run = await docker.run(['run', '--rm', ...flags, busybox, 'true']);
      expect(run.code).toBe(125);
      expect(run.stderr).toContain('No such container: no-such-one');
      expect(run.stderr).not.toContain('Unable to find image');
    });
  }
});

describe('the files and the first process of a container', () => {
  test('/etc/hosts has the full name and its first label', async () => {
    const { docker, busybox } = await engine();
    const hosts = await docker.ok(['run', '--rm', '-h', 'web.example.org', busybox, 'cat', '/etc/hosts']);
    expect(hosts).toEndWith('\tweb.example.org web');
  });

  test('a mount point that was not there has the mode of any directory', async () => {
    const { docker, busybox } = await engine();
    const args = ['run', '--rm', '-v', '/made/for/it', busybox, 'stat', '-c', '%a', '/made', '/made/for'];
    expect(await docker.ok(args)).toBe('755\n755');
  });

  test('--init puts a process before the program', async () => {
    const { docker, busybox } = await engine();
    const shown = await docker.ok(['run', '--rm', '--init', busybox, 'ps', '-o', 'pid,args']);
    expect(shown).toMatch(/\n +1 \/sbin\/docker-init -- ps -o pid,args\n/);
  });

  test('--ipc host, and limits that are unlimited, start', async () => {
    const { docker, busybox } = await engine();
    await docker.ok(['run', '--rm', '--ipc', 'host', busybox, 'true']);
    await docker.ok([
      'run',
      '--rm',
      '-m',
      '32m',
      '--memory-swap',
      '-1',
      '--cpu-quota',
      '-1',
      busybox,
      'true',
    ]);
  });
});

describe('settings that inspect shows after a create', () => {
  test('what the host cannot do is taken out, with a warning', async () => {
    const { daemon, busybox } = await engine();
    const body = { Image: busybox, HostConfig: { Privileged: true, IpcMode: 'host', OomKillDisable: true } };
    const created = (await daemon.api.post(`/v1.41/containers/create?name=${name}`, body)).json<{
      Warnings: string[];
    }>();
    const { HostConfig } = (await daemon.api.get(`/v1.41/containers/${name}/json`)).json<{
      HostConfig: { SecurityOpt: string[]; OomKillDisable: boolean | null };
    }>();
    expect(HostConfig.SecurityOpt).toEqual(['label=disable']);
    expect(created.Warnings.join()).toMatch(/OOM killer is disabled|OomKillDisable discarded/);
  });
});

describe('a request that Docker refuses', () => {
  const H = '/etc';
  const WRONG: [string, Record<string, unknown>, string][] = [
    ['a mode twice', { Binds: [`${H}:/x:z,Z`] }, 'invalid mode: z,Z'],
    ['a bind without copy', { Binds: [`${H}:/x:nocopy`] }, 'field VolumeOptions must not be specified'],
    ['no target', { Mounts: [{ Type: 'bind', Source: H }] }, 'field Target must not be empty'],
    ['an odd mount', { Mounts: [{ Type: 'odd', Target: '/x' }] }, 'mount type unknown'],
    ['a tmpfs on /', { Tmpfs: { '/': '' } }, "invalid specification: destination can't be '/'"],
    ['no CPU', { CpusetCpus: '999' }, 'Requested CPUs are not available - requested 999'],
    ['too little memory', { Memory: -1 }, 'Minimum memory limit allowed is 6MB'],
    ['an odd capability', { CapAdd: ['ODD'] }, 'invalid CapAdd: unknown capability: "CAP_ODD"'],
    ['an odd security option', { SecurityOpt: ['odd'] }, 'invalid --security-opt 1: "odd"'],
    ['an odd host', { ExtraHosts: ['a:b'] }, 'invalid IP address in add-host: "b"'],
    ['an odd cgroup namespace', { CgroupnsMode: 'odd' }, 'invalid cgroup namespace mode: odd'],
  ];
  for (const [what, HostConfig, sentence] of WRONG) {
    test(`${what}: ${sentence}`, async () => {
      const { daemon, busybox } = await engine();
      const answer = await daemon.api.post('/v1.41/containers/create', { Image: busybox, HostConfig });
      // Compat: 20.10 answers 500 to some of them.
      if (ENGINE === 'minke') expect(answer.status).toBe(400);
      else expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.json<{ message: string }>().message).toContain(sentence);
    });
  }
});
