import { describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { Client } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { sh, until, workFolder } from '../fixtures/machine.ts';
import { removing } from '../fixtures/names.ts';
import infoFields from '../fixtures/recorded/info-fields.json' with { type: 'json' };

interface Info {
  [field: string]: unknown;
  Containers: number;
  ContainersRunning: number;
  ContainersStopped: number;
}

async function info(): Promise<Info> {
  const { docker } = await engine();
  return JSON.parse(await docker.ok(['info', '--format', '{{json .}}'])) as Info;
}

describe('docker version', () => {
  test('tells the versions of server, API and runtime', async () => {
    const { docker } = await engine();
    const { Server: server } = JSON.parse(await docker.ok(['version', '--format', '{{json .}}'])) as {
      Server: Record<string, string> & { Components: { Name: string; Version: string }[] };
    };
    expect(server).toMatchObject({
      Os: 'linux',
      Arch: process.arch === 'x64' ? 'amd64' : process.arch,
      KernelVersion: await sh('uname -r'),
    });
    if (ENGINE === 'minke') expect(server).toMatchObject({ ApiVersion: '1.55', MinAPIVersion: '1.24' });
    expect(server['Version']).toMatch(/^\d+\.\d+\.\d+/);
    expect(Number.isNaN(Date.parse(server['BuildTime'] ?? ''))).toBe(false);
    const runtime = server.Components.find(({ Name }) => ['crun', 'runc'].includes(Name));
    expect(runtime?.Version).toMatch(/^\d/);
  });

  test('prints without a hole', async () => {
    const { docker } = await engine();
    const text = await docker.ok(['version']);
    expect(text).not.toContain('<no value>');
    expect(text).toMatch(
      /Server.*\n Engine:\n {2}Version: +\S+\n {2}API version: +\d\.\d+ \(minimum version \d\.\d+\)/,
    );
  });
});

describe('docker info', () => {
  test('is true for this machine', async () => {
    const { daemon } = await engine();
    const release = readFileSync('/etc/os-release', 'utf8');
    const now = await info();
    expect(now).toMatchObject({
      NCPU: availableParallelism(),
      KernelVersion: await sh('uname -r'),
      OperatingSystem: /^PRETTY_NAME="(.*)"$/m.exec(release)?.[1],
      OSVersion: /^VERSION_ID="(.*)"$/m.exec(release)?.[1],
      OSType: 'linux',
      Architecture: await sh('uname -m'),
      Name: await sh('hostname'),
      Driver: 'overlay2',
      DockerRootDir: daemon.dataRoot,
      LoggingDriver: 'json-file',
      CgroupVersion: existsSync('/sys/fs/cgroup/cgroup.controllers') ? '2' : '1',
      LiveRestoreEnabled: true,
      ExperimentalBuild: false,
    });
    expect(Math.abs(Number(now['MemTotal']) - totalmem())).toBeLessThan(1 << 20);
    expect(String(now['InitBinary'])).not.toBe('undefined');
    expect(now['DriverStatus']).toEqual(
      expect.arrayContaining([
        ['Backing Filesystem', expect.any(String)],
        ['Supports d_type', 'true'],
      ]),
    );
    expect(now['SecurityOptions']).toEqual(expect.arrayContaining([expect.stringMatching(/^name=seccomp/)]));
    const registries = now['RegistryConfig'] as { InsecureRegistryCIDRs: string[]; Mirrors: unknown };
    expect(registries.InsecureRegistryCIDRs).toContain('127.0.0.0/8');
  });

  test('counts containers and images', async () => {
    const { docker, busybox } = await engine();
    const before = await info();
    const one = await docker.ok(['create', busybox]);
    const two = await docker.ok(['run', '-d', busybox, 'sleep', '1000']);
    await using _boxes = removing(docker, one, two);
    const after = await info();
    expect(after.Containers - before.Containers).toBe(2);
    expect(after.ContainersRunning - before.ContainersRunning).toBe(1);
    expect(Number(after['Images'])).toBeGreaterThan(0);
  });

  test('names only plugins that work', async () => {
    const plugins = (await info())['Plugins'] as Record<string, string[] | null>;
    expect(plugins['Network']).toEqual(
      expect.arrayContaining(['bridge', 'host', 'ipvlan', 'macvlan', 'null']),
    );
    expect(plugins['Log']).toContain('json-file');
    expect(plugins['Volume']).toEqual(['local']);
  });

  test('has every field that Docker 20.10 answers at API 1.41', async () => {
    const { daemon } = await engine();
    const answer = (await daemon.api.get('/v1.41/info')).json();
    const missing = infoFields.filter((field) => !(field in answer));
    expect(missing).toEqual([]);
  });

  test('prints without a hole', async () => {
    const { docker } = await engine();
    const result = await docker.run(['info']);
    expect(result.code).toBe(0);
    expect(result.stdout).not.toContain('<no value>');
    expect(result.stdout).toContain(' Storage Driver: overlay2\n');
    expect(result.stdout).toMatch(/ Runtimes: .*(crun|runc)/);
    expect(result.stdout).toMatch(/ Live Restore Enabled: true/);
  });
});

test.skipIf(ENGINE === 'docker')(
  'without nft the daemon serves, warns, and runs what needs no network',
  async () => {
    const path = workFolder('path');
    const runtime = await sh('command -v crun || command -v runc');
    symlinkSync(runtime, join(path, basename(runtime)));
    const daemon = await Daemon.start({ subnet: 97, env: { PATH: path } });
    try {
      const { busybox, docker: shared } = await engine();
      const docker = new Client(shared.cli, daemon.host);
      await until('the warning', async () =>
        (await docker.run(['info'])).stderr.includes('containers have no network'),
      );
      expect(readFileSync(daemon.logFile, 'utf8')).toContain('cannot set up the network');
      expect(await docker.ok(['run', '--rm', '--network', 'none', busybox, 'echo', 'on its own'])).toBe(
        'on its own',
      );
      const bridged = await docker.run(['run', '--rm', busybox, 'true']);
      expect(bridged.code).toBe(125);
      expect(bridged.stderr).toMatch(/failed to set up container networking: .*nft/);
      expect(await docker.ok(['ps', '-aq'])).toBe('');
      // Nor is there a program for the rarer compressions.
      const input = execFileSync('xz', ['-0', '-c'], { input: Buffer.alloc(1024) });
      const compressed = await docker.run(['import', '-', 'x:y'], { input });
      expect(compressed.code).toBe(1);
      expect(compressed.stderr).toContain(
        'the program xz is not installed (on Debian: apt install xz-utils)',
      );
    } finally {
      await daemon.stop();
    }
  },
  120_000,
);
