import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { busyboxImage } from '../fixtures/busybox.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { push } from '../fixtures/image.ts';
import { Registry } from '../fixtures/registry.ts';

/** A second daemon, whose configuration says what containers have that ask for nothing else. */
const CONFIG = {
  'default-ulimits': {
    nofile: { Name: 'nofile', Soft: 300, Hard: 400 },
    core: { Name: 'core', Soft: 0, Hard: 0 },
  },
  'default-ipc-mode': 'shareable',
  'default-cgroupns-mode': 'private',
  'no-new-privileges': true,
  'seccomp-profile': 'unconfined',
  runtimes: { mine: { path: existsSync('/usr/sbin/runc') ? '/usr/sbin/runc' : '/usr/bin/crun' } },
};
const daemon = new Daemon({
  subnet: 97,
  config: ENGINE === 'docker' ? { ...CONFIG, 'seccomp-profile': '' } : CONFIG,
});
const [cli] = dockerClis();
if (!cli) throw new Error('no docker CLI: run scripts/setup.sh test');
const docker = new Client(cli, daemon.host);
let registry: Registry;
let busybox = '';

beforeAll(async () => {
  registry = await Registry.start();
  await daemon.start();
  busybox = `${registry.address}/busybox:latest`;
  await push(registry.address, 'busybox', 'latest', busyboxImage());
  await docker.ok(['pull', '-q', busybox]);
}, 60_000);

afterAll(async () => {
  await daemon.stop();
  await registry.stop();
});

const output = (flags: string[], script: string) =>
  docker.ok(['run', '--rm', ...flags, busybox, 'sh', '-c', script]);

describe('what daemon.json gives all containers', () => {
  test('limits, unless they set their own', async () => {
    const script = 'ulimit -Sn; ulimit -Hn; ulimit -c';
    expect(await output([], script)).toBe('300\n400\n0');
    expect(await output(['--ulimit', 'nofile=100:200'], script)).toBe('100\n200\n0');
  });

  test('no new privileges, the seccomp profile, the modes of IPC and cgroup namespaces', async () => {
    const id = await docker.ok(['run', '-d', busybox, 'sleep', '100']);
    expect(await docker.ok(['exec', id, 'grep', 'NoNewPrivs', '/proc/1/status'])).toBe('NoNewPrivs:\t1');
    if (ENGINE === 'minke') {
      expect(await docker.ok(['exec', id, 'grep', 'Seccomp:', '/proc/1/status'])).toBe('Seccomp:\t0');
    }
    expect(await docker.ok(['exec', id, 'grep', ':memory:', '/proc/self/cgroup'])).toMatch(/:memory:\/$/);
    const modes = '{{.HostConfig.IpcMode}} {{.HostConfig.CgroupnsMode}}';
    expect(await docker.ok(['inspect', '-f', modes, id])).toBe('shareable private');
    await docker.ok(['rm', '-f', id]);
    const privileges = ['--security-opt', 'no-new-privileges=false'];
    expect(await output(privileges, 'grep NoNewPrivs /proc/self/status')).toBe('NoNewPrivs:\t0');
    if (ENGINE === 'minke') {
      expect(await docker.ok(['info', '-f', '{{.SecurityOptions}}'])).toContain('name=no-new-privileges');
    }
  });

  test('runtimes: by name, in info, after a restart of the daemon, and none of other names', async () => {
    const id = await docker.ok([
      'run',
      '-d',
      '--runtime',
      'mine',
      busybox,
      'sh',
      '-c',
      'trap exit TERM; sleep 100 & wait',
    ]);
    expect(await docker.ok(['inspect', '-f', '{{.HostConfig.Runtime}}', id])).toBe('mine');
    await daemon.kill();
    await daemon.start();
    if (ENGINE === 'minke') expect(await docker.ok(['exec', id, 'echo', 'still'])).toBe('still');
    await docker.ok(['rm', '-f', id]);
    const runtimes = JSON.parse(await docker.ok(['info', '-f', '{{json .Runtimes}}'])) as Record<
      string,
      { path: string }
    >;
    expect(runtimes['mine']?.path).toBe(CONFIG.runtimes.mine.path);
    const unknown = await docker.run(['run', '--rm', '--runtime', 'nope', busybox, 'true']);
    expect(unknown.code).toBe(125);
    expect(unknown.stderr).toMatch(/nknown or invalid runtime name: nope|Unknown runtime specified nope/);
  });

  test.skipIf(!existsSync('/usr/sbin/runc'))('runc and crun are there by their names', async () => {
    expect(await output(['--runtime', 'runc'], 'echo by runc')).toBe('by runc');
    if (ENGINE === 'minke') expect(await output(['--runtime', 'crun'], 'echo by crun')).toBe('by crun');
    const failed = await docker.run(['run', '--rm', '--runtime', 'runc', busybox, '/nowhere']);
    expect(failed.code).toBe(127);
    expect(failed.stderr).toContain('exec: "/nowhere": stat /nowhere: no such file or directory');
  });
});
