/** What Docker keeps in its two bolt files, networks and the options of volumes, under both engines in turn. */
import { expect } from 'bun:test';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import type { Client } from '../fixtures/cli.ts';
import { Daemon } from '../fixtures/daemon.ts';
import { dockerd, endDockerd } from '../fixtures/dockerd.ts';
import { sh, workFolder } from '../fixtures/machine.ts';
import { both, clientOf } from '../fixtures/two-engines.ts';

const NETWORKS = ['plain', 'full', 'dual', 'inside', 'link'];

async function fill(docker: Client, folder: string): Promise<void> {
  await docker.ok(['import', '-', 'base:1'], { input: busyboxRootfs() });
  const create = (name: string, ...flags: string[]) => docker.ok(['network', 'create', ...flags, name]);
  await create('plain', '--subnet', '10.88.6.0/24');
  const of = 'com.docker.network';
  const options = [`${of}.bridge.name=br-full`, `${of}.driver.mtu=1400`, `${of}.bridge.enable_icc=false`];
  await create(
    'full',
    ...options.flatMap((option) => ['-o', option]),
    ...['--label', 'of=docker', '--label', 'empty=', '--attachable', '--subnet', '10.88.7.0/24'],
    ...['--gateway', '10.88.7.9', '--ip-range', '10.88.7.128/25', '--aux-address', 'host=10.88.7.130'],
  );
  const families = ['--ipv6', '--subnet', 'fd00:88:9::/64', '--subnet', '10.88.9.0/24'];
  await create('dual', ...families, '--gateway', 'fd00:88:9::9', '--gateway', '10.88.9.1');
  await create('inside', '--internal', '--subnet', '10.88.10.0/24');
  const parent = ['-o', 'parent=vethpar', '-o', 'macvlan_mode=private'];
  await create('link', '-d', 'macvlan', ...parent, '--subnet', '10.88.11.0/24', '--gateway', '10.88.11.1');
  for (const network of ['plain', 'full', 'inside'])
    await docker.ok(['create', '--name', `in-${network}`, '--network', network, 'base:1', 'ip', 'addr']);
  const volume = (name: string, ...given: string[]) =>
    docker.ok(['volume', 'create', ...given.flatMap((option) => ['-o', option]), name]);
  await volume('memory', 'type=tmpfs', 'device=tmpfs', 'o=size=1m');
  await volume('bound', 'type=none', 'o=bind', `device=${folder}`);
  await docker.ok([
    'create',
    '--name',
    'mounts',
    '-v',
    'memory:/m',
    '-v',
    'bound:/b',
    'base:1',
    'sh',
    '-c',
    LOOK,
  ]);
}

const LOOK = 'grep -c "size=1024k" /proc/mounts; cat /b/theirs';

/** What both must tell of networks. Docker 28 shows the gateways that were chosen, 20.10 those that were asked for. */
async function networksOf(docker: Client): Promise<object[]> {
  const shown = JSON.parse(await docker.ok(['network', 'inspect', ...NETWORKS])) as Record<string, unknown>[];
  return shown.map(({ Name, Id, Driver, EnableIPv6, Internal, Attachable, Options, Labels, IPAM }) => {
    const { Config } = IPAM as { Config: Record<string, unknown>[] };
    const pools = Config.map(({ Subnet, IPRange, AuxiliaryAddresses }) => ({
      Subnet,
      IPRange,
      AuxiliaryAddresses,
    }));
    return { Name, Id, Driver, EnableIPv6, Internal, Attachable, Options, Labels, pools };
  });
}

async function starts(docker: Client): Promise<void> {
  expect(await docker.ok(['start', '-a', 'in-plain'])).toContain('inet 10.88.6.');
  const full = await docker.ok(['start', '-a', 'in-full']);
  expect(full).toMatch(/inet 10\.88\.7\.1(2[89]|[3-9]\d)\//);
  expect(full).toContain('mtu 1400');
  expect(await docker.ok(['start', '-a', 'in-inside'])).toContain('inet 10.88.10.');
  expect(await docker.ok(['start', '-a', 'mounts'])).toBe('1\nof the host');
}

both(
  'networks and options of volumes go from Docker to Minke and back, though Docker’s files be gone',
  async () => {
    const folder = workFolder('names');
    writeFileSync(join(folder, 'theirs'), 'of the host');
    const dataRoot = join(workFolder('both'), 'data');
    await sh('ip link add vethpar type veth peer name vethpeer && ip link set vethpar up');
    const docker20 = dockerd({ dataRoot, subnet: 92 });
    try {
      await docker20.start();
      let docker = clientOf(docker20);
      await fill(docker, folder);
      const networks = await networksOf(docker);
      const volumes = await docker.ok([
        'volume',
        'inspect',
        '-f',
        '{{.Name}} {{.Options}}',
        'memory',
        'bound',
      ]);
      await endDockerd(docker20);

      const minke = new Daemon({ dataRoot, subnet: 92 });
      await minke.start();
      docker = clientOf(minke);
      expect(await networksOf(docker)).toEqual(networks);
      expect(await docker.ok(['volume', 'inspect', '-f', '{{.Name}} {{.Options}}', 'memory', 'bound'])).toBe(
        volumes,
      );
      await starts(docker);
      await docker.ok([
        'volume',
        'create',
        '--label',
        'of=minke',
        '-o',
        'type=tmpfs',
        '-o',
        'device=t',
        '-o',
        'o=size=2m',
        'ours',
      ]);
      await docker.ok([
        'create',
        '--name',
        'ours',
        '-v',
        'ours:/m',
        'base:1',
        'grep',
        '-c',
        'size=2048k',
        '/proc/mounts',
      ]);
      const options = ['--ipv6', '--subnet', 'fd00:88:12::/64', '--label', 'of=minke', '--internal'];
      await docker.ok(['network', 'create', ...options, 'made']);
      await docker.ok(['create', '--name', 'in-made', '--network', 'made', 'base:1', 'ip', 'addr']);
      const [made] = JSON.parse(await docker.ok(['network', 'inspect', 'made']));
      // As if they were all made here: nothing of Docker's is there to be kept.
      rmSync(join(dataRoot, 'network/files/local-kv.db'));
      rmSync(join(dataRoot, 'volumes/metadata.db'));
      expect(await minke.terminate()).toBe(0);

      await docker20.start();
      docker = clientOf(docker20);
      expect(await networksOf(docker)).toEqual(networks);
      expect(await docker.ok(['volume', 'inspect', '-f', '{{.Name}} {{.Options}}', 'memory', 'bound'])).toBe(
        volumes,
      );
      expect(await docker.ok(['volume', 'inspect', '-f', '{{.Labels}} {{.Options}}', 'ours'])).toBe(
        'map[of:minke] map[device:t o:size=2m type:tmpfs]',
      );
      await starts(docker);
      const [shown] = JSON.parse(await docker.ok(['network', 'inspect', 'made']));
      const { Id, Created, Labels, EnableIPv6, Internal } = made;
      expect(shown).toMatchObject({ Id, Created, Labels, EnableIPv6, Internal });
      expect(await docker.ok(['start', '-a', 'in-made'])).toContain('inet6 fd00:88:12::');
      expect(await docker.ok(['start', '-a', 'ours'])).toBe('1');
      await docker.ok(['rm', 'in-plain', 'in-full', 'in-inside', 'in-made', 'mounts', 'ours']);
      await docker.ok(['network', 'rm', 'made', ...NETWORKS]);
      await docker.ok(['volume', 'rm', 'memory', 'bound', 'ours']);
      expect(readFileSync(join(folder, 'theirs'), 'utf8')).toBe('of the host');
    } finally {
      await endDockerd(docker20);
      await sh('ip link del vethpar');
    }
  },
  120_000,
);
