import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { busyboxImage } from '../fixtures/busybox.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { push } from '../fixtures/image.ts';
import { sh } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { Registry } from '../fixtures/registry.ts';

/** A daemon whose default bridge has both families, and which has addresses for four networks. */
const CONFIG = {
  ipv6: true,
  'fixed-cidr-v6': 'fd86::/112',
  'default-address-pools': [{ base: '10.86.0.0/22', size: 24 }],
  // Docker knows them since version 24.
  ...(ENGINE === 'minke' && {
    'default-network-opts': { bridge: { 'com.docker.network.driver.mtu': '1400' } },
  }),
};

let registry: Registry;
let daemon: Daemon;
let docker: Client;
let busybox: string;

beforeAll(async () => {
  const [cli] = dockerClis();
  if (!cli) throw new Error('no docker CLI: run scripts/setup.sh test');
  [registry, daemon] = await Promise.all([Registry.start(), Daemon.start({ subnet: 86, config: CONFIG })]);
  docker = new Client(cli, daemon.host);
  busybox = `${registry.address}/busybox:latest`;
  await push(registry.address, 'busybox', 'latest', busyboxImage());
  await docker.ok(['pull', '-q', busybox]);
}, 60_000);
afterAll(async () => {
  await daemon?.stop();
  await registry?.stop();
});

/** A container that sleeps; removed at the end. */
async function sleeper(...flags: string[]) {
  const name = uniqueName('six');
  const box = removing(docker, name);
  await docker.ok(['run', '-d', '--name', name, ...flags, busybox, 'sleep', '1000']);
  const shown = JSON.parse(await docker.ok(['inspect', '-f', '{{json .NetworkSettings}}', name]));
  return Object.assign(box, {
    name,
    settings: shown as Record<string, unknown> & { Networks: Record<string, Record<string, unknown>> },
    run: (script: string) => docker.ok(['exec', name, 'sh', '-c', script]),
  });
}

describe('the default bridge with ipv6', () => {
  test('gives containers an address of each family, and shows them', async () => {
    await using a = await sleeper();
    await using b = await sleeper();
    const six = a.settings['GlobalIPv6Address'];
    expect(six).toMatch(/^fd86::[2-9a-f]$/);
    expect(a.settings).toMatchObject({ GlobalIPv6PrefixLen: 112, IPv6Gateway: 'fd86::1' });
    expect(a.settings.Networks['bridge']).toMatchObject({
      GlobalIPv6Address: six,
      GlobalIPv6PrefixLen: 112,
      IPv6Gateway: 'fd86::1',
      Gateway: '172.30.86.1',
    });
    expect(await a.run('ip -6 addr show eth0')).toContain(`inet6 ${six}/112`);
    expect(await a.run('ip -6 addr show eth0')).not.toMatch(/tentative.*dynamic|dadfailed/);
    expect(await a.run('ip -6 route')).toContain('default via fd86::1 dev eth0');
    for (const to of [six, 'fd86::1']) await b.run(`ping -6 -c1 -W2 ${to}`);
    await sh(`busybox ping -6 -c1 -W2 ${six}`);
    const network = JSON.parse(await docker.ok(['network', 'inspect', 'bridge']))[0];
    expect(network.EnableIPv6).toBe(true);
    expect(network.IPAM.Config.map((one: { Subnet: string }) => one.Subnet)).toEqual([
      '172.30.86.0/24',
      'fd86::/112',
    ]);
    const ends = Object.values(network.Containers) as { Name: string; IPv6Address: string }[];
    expect(ends.find(({ Name }) => Name === a.name)?.IPv6Address).toBe(`${six}/112`);
  });

  test('goes on over a restart of the daemon, with the addresses that are taken', async () => {
    await using a = await sleeper();
    await daemon.kill();
    await daemon.start();
    await using b = await sleeper();
    expect(b.settings['GlobalIPv6Address']).not.toBe(a.settings['GlobalIPv6Address']);
    await b.run(`ping -6 -c1 -W2 ${a.settings['GlobalIPv6Address']}`);
    await b.run('ping -6 -c1 -W2 fd86::1');
  });
});

/** A network; removed at the end. */
async function network(...flags: string[]) {
  const name = uniqueName('lan');
  await docker.ok(['network', 'create', ...flags, name]);
  const inspect = async () => JSON.parse(await docker.ok(['network', 'inspect', name]))[0];
  return {
    name,
    inspect,
    pools: async () => (await inspect()).IPAM.Config as Record<string, unknown>[],
    [Symbol.asyncDispose]: async () => {
      await docker.run(['network', 'rm', name]);
    },
  };
}

/** What `network create` says when it refuses. */
async function refusal(...flags: string[]): Promise<string> {
  const name = uniqueName('no');
  const { code, stderr } = await docker.run(['network', 'create', ...flags, name]);
  if (code === 0) await docker.run(['network', 'rm', name]);
  expect([flags.join(' '), code]).toEqual([flags.join(' '), 1]);
  return stderr;
}

describe('the addresses of networks', () => {
  test('come from default-address-pools until they are used up, and are given back', async () => {
    await using a = await network();
    const b = await network();
    await using c = await network();
    await using d = await network();
    const subnets = await Promise.all([a, b, c, d].map(async (one) => (await one.pools())[0]?.['Subnet']));
    expect(subnets).toEqual(['10.86.0.0/24', '10.86.1.0/24', '10.86.2.0/24', '10.86.3.0/24']);
    expect(await refusal()).toMatch(
      /all predefined address pools have been fully subnetted|could not find an available, non-overlapping IPv4 address pool among the defaults/,
    );
    await b[Symbol.asyncDispose]();
    await using e = await network();
    expect((await e.pools())[0]?.['Subnet']).toBe('10.86.1.0/24');
  });

  test('that were asked for are kept: range, gateway, those of somebody else', async () => {
    await using a = await network(
      ...['--subnet', '10.87.0.0/16', '--ip-range', '10.87.5.0/24', '--gateway', '10.87.5.254'],
      ...['--aux-address', 'printer=10.87.5.0', '--aux-address', 'nas=10.87.5.1'],
    );
    expect((await a.pools())[0]).toMatchObject({
      Subnet: '10.87.0.0/16',
      IPRange: '10.87.5.0/24',
      Gateway: '10.87.5.254',
      AuxiliaryAddresses: { printer: '10.87.5.0', nas: '10.87.5.1' },
    });
    await using first = await sleeper('--network', a.name);
    expect(first.settings.Networks[a.name]).toMatchObject({ IPAddress: '10.87.5.2', Gateway: '10.87.5.254' });
    await using chosen = await sleeper('--network', a.name, '--ip', '10.87.9.9');
    expect(await chosen.run('ip -4 -o addr show eth0')).toContain('10.87.9.9/16');
    const taken = await docker.run([
      'run',
      '--rm',
      '--network',
      a.name,
      '--ip',
      '10.87.9.9',
      busybox,
      'true',
    ]);
    expect([taken.code, taken.stderr]).toEqual([125, expect.stringContaining('Address already in use')]);
  });

  test('with a range and no gateway have the first of it as gateway', async () => {
    await using a = await network('--subnet', '10.88.0.0/16', '--ip-range', '10.88.5.0/24');
    await using box = await sleeper('--network', a.name);
    const route = await box.run('ip route');
    expect(route).toContain('default via 10.88.5.0 dev eth0');
    expect(box.settings.Networks[a.name]?.['IPAddress']).toBe('10.88.5.1');
  });

  test('whose default route leads elsewhere: the address called DefaultGatewayIPv4', async () => {
    await using a = await network(
      '--subnet',
      '10.89.0.0/24',
      '--aux-address',
      'DefaultGatewayIPv4=10.89.0.200',
    );
    await using box = await sleeper('--network', a.name);
    expect(await box.run('ip route')).toContain('default via 10.89.0.200 dev eth0');
    expect(box.settings.Networks[a.name]?.['Gateway']).toBe('10.89.0.200');
  });

  test('that make no sense are refused', async () => {
    await using _taken = await network('--subnet', '10.90.0.0/16');
    const overlap = /Pool overlaps with other one on this address space/;
    expect(await refusal('--subnet', '10.90.4.0/24')).toMatch(overlap);
    expect(await refusal('--subnet', '172.30.86.0/25')).toMatch(overlap);
    // Docker 20.10 has other words for the rest, or takes it.
    if (ENGINE === 'docker') return;
    for (const [flags, why] of [
      ['--subnet 10.91.0.1/24', 'invalid subnet 10.91.0.1/24: it should be 10.91.0.0/24'],
      ['--subnet 10.91.0.0/24 --ip-range 10.91.0.0/16', 'is bigger than its parent subnet'],
      ['--subnet 10.91.0.0/24 --gateway 10.91.0.5 --aux-address a=10.91.0.5', 'Address already in use'],
      ['--subnet fe80::/80 --ipv6', "clashes with the Link-Local prefix 'fe80::/64'"],
    ] as const) {
      expect(await refusal(...flags.split(' '))).toContain(why);
    }
  });
});

describe('a network with IPv6', () => {
  test('gives addresses of its subnet, those that are asked for, and each to one only', async () => {
    await using lan = await network('--ipv6', '--subnet', 'fd87::/64', '--subnet', '10.87.0.0/24');
    const shown = await lan.inspect();
    expect(shown.EnableIPv6).toBe(true);
    await using a = await sleeper('--network', lan.name);
    await using b = await sleeper('--network', lan.name, '--ip6', 'fd87::BEEF');
    expect(a.settings.Networks[lan.name]).toMatchObject({
      GlobalIPv6Address: 'fd87::2',
      GlobalIPv6PrefixLen: 64,
      IPv6Gateway: 'fd87::1',
    });
    expect(b.settings.Networks[lan.name]?.['GlobalIPv6Address']).toBe('fd87::beef');
    const ends = Object.values((await lan.inspect()).Containers) as { IPv6Address: string }[];
    expect(ends.map(({ IPv6Address }) => IPv6Address).sort()).toEqual(['fd87::2/64', 'fd87::beef/64']);
    await a.run('ping -6 -c1 -W2 fd87::beef');
    const run = (ip: string) =>
      docker.run(['run', '--rm', '--network', lan.name, '--ip6', ip, busybox, 'true']);
    const taken = await run('fd87::beef');
    expect([taken.code, taken.stderr]).toEqual([125, expect.stringContaining('Address already in use')]);
    expect((await run('fd88::1')).code).toBe(125);
  });

  test('gives its default route to a container that has none, and takes it away again', async () => {
    await using lan = await network('--ipv6', '--subnet', 'fd87::/64', '--subnet', '10.87.0.0/24');
    await using plain = await network('--subnet', '10.88.0.0/24');
    await using box = await sleeper('--network', plain.name);
    const route = () => box.run('ip -6 route | grep ^default || true');
    expect(await route()).toBe('');
    await docker.ok(['network', 'connect', lan.name, box.name]);
    expect(await route()).toContain('default via fd87::1 dev eth1');
    await docker.ok(['network', 'disconnect', lan.name, box.name]);
    expect(await route()).toBe('');
    expect(await box.run('ip -o link')).not.toContain('eth1');
  });

  // Docker 20.10 wants a subnet, and gives IPv4 always.
  const since28 = ENGINE === 'docker' ? test.skip : test;
  since28('has a subnet of its own without being told one, and needs no IPv4', async () => {
    await using six = await network('--ipv6', '--ipv4=false');
    const [pool, ...others] = await six.pools();
    expect([pool?.['Subnet'], others]).toEqual([expect.stringMatching(/^fd[0-9a-f:]+\/64$/), []]);
    await using a = await sleeper('--network', six.name);
    const { IPAddress, GlobalIPv6Address } = a.settings.Networks[six.name] ?? {};
    expect(IPAddress).toBe('');
    // By default-network-opts.
    expect(await a.run('ip link show eth0')).toContain('mtu 1400');
    expect(GlobalIPv6Address).toMatch(/^fd.*:2$/);
    expect(await a.run('ip -4 -o addr show eth0')).toBe('');
    const sysctls = 'driver-opt=com.docker.network.endpoint.sysctls=net.ipv6.conf';
    await using b = await sleeper('--network', `name=${six.name},${sysctls}.IFNAME.hop_limit=77`);
    expect(await b.run('cat /proc/sys/net/ipv6/conf/eth0/hop_limit')).toBe('77');
    const foreign = `name=${six.name},${sysctls}.eth1.hop_limit=77`;
    expect((await docker.run(['run', '--rm', '--network', foreign, busybox])).stderr).toContain(
      "invalid endpoint settings:\nunrecognised network interface sysctl 'net.ipv6.conf.eth1.hop_limit=77'",
    );
    await b.run(`ping -6 -c1 -W2 ${GlobalIPv6Address}`);
    await using dual = await network('--ipv6', '--subnet', '10.88.0.0/24');
    const subnets = (await dual.pools()).map((one) => one['Subnet']);
    expect(subnets).toEqual(['10.88.0.0/24', expect.stringMatching(/^fd[0-9a-f:]+\/64$/)]);
    expect(subnets[1]).not.toBe(pool?.['Subnet']);
  });

  since28('comes back when somebody deleted its bridge', async () => {
    await using lan = await network('--ipv6', '--subnet', 'fd87::/64', '--subnet', '10.87.0.0/24');
    await using a = await sleeper('--network', lan.name);
    await sh(`ip link delete br-${(await lan.inspect()).Id.slice(0, 12)}`);
    await using b = await sleeper('--network', lan.name);
    await b.run('ping -6 -c1 -W2 fd87::1');
    await b.run(`ping -6 -c1 -W2 ${a.settings.Networks[lan.name]?.['GlobalIPv6Address']}`);
  });
});
