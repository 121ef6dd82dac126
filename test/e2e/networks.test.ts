import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ENGINE } from '../fixtures/daemon.ts';
import { type Engine, engine } from '../fixtures/engine.ts';
import { freePort, run, sh, until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

let e: Engine;
const made: string[] = [];
beforeAll(async () => {
  e = await engine();
});
afterAll(async () => {
  for (const name of made) await e.docker.run(['network', 'rm', name]);
});

/** A network that goes at the end of the file, and the start of its addresses. */
async function network(octet: number, ...flags: string[]): Promise<{ name: string; prefix: string }> {
  const name = uniqueName('net');
  made.push(name);
  const prefix = `10.213.${octet}`;
  await e.docker.ok(['network', 'create', '--subnet', `${prefix}.0/24`, ...flags, name]);
  return { name, prefix };
}

async function box(...flags: string[]): Promise<AsyncDisposable & { name: string }> {
  const name = uniqueName('box');
  const gone = removing(e.docker, name);
  await e.docker.ok(['run', '-d', '--name', name, ...flags, e.busybox, 'sleep', '1000']);
  return Object.assign(gone, { name });
}

const inside = (name: string, ...words: string[]) => e.docker.ok(['exec', name, ...words]);
const fails = async (...words: string[]) => {
  const { code, stderr } = await e.docker.run(words);
  expect(code).not.toBe(0);
  return stderr.trim();
};
const field = (name: string, template: string) => e.docker.ok(['inspect', '-f', template, name]);

describe('network create', () => {
  test('makes what inspect shows, and rm takes it all away', async () => {
    const name = uniqueName('net');
    made.push(name);
    const bridge = `mk-${name.slice(-8)}`;
    const id = await e.docker.ok([
      ...['network', 'create', '--internal', '--attachable', '--label', 'a=b', '--label', 'c'],
      ...['--subnet', '10.213.1.0/24', '--ip-range', '10.213.1.128/25', '--gateway', '10.213.1.254'],
      ...['--aux-address', 'router=10.213.1.129', '-o', `com.docker.network.bridge.name=${bridge}`],
      ...[
        '-o',
        'com.docker.network.driver.mtu=1400',
        '-o',
        'com.docker.network.bridge.enable_icc=false',
        name,
      ],
    ]);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const [shown] = JSON.parse(await e.docker.ok(['network', 'inspect', id.slice(0, 9)])) as Record<
      string,
      unknown
    >[];
    expect(shown).toMatchObject({
      Name: name,
      Id: id,
      Scope: 'local',
      Driver: 'bridge',
      EnableIPv6: false,
      IPAM: {
        Driver: 'default',
        Config: [
          {
            Subnet: '10.213.1.0/24',
            IPRange: '10.213.1.128/25',
            Gateway: '10.213.1.254',
            AuxiliaryAddresses: { router: '10.213.1.129' },
          },
        ],
      },
      Internal: true,
      Attachable: true,
      Ingress: false,
      ConfigFrom: { Network: '' },
      ConfigOnly: false,
      Containers: {},
      Options: { 'com.docker.network.driver.mtu': '1400' },
      Labels: { a: 'b', c: '' },
    });
    expect(await sh(`ip -br addr show ${bridge}`)).toContain('10.213.1.254/24');
    const list = (...flags: string[]) => e.docker.ok(['network', 'ls', '--format', '{{.Name}}', ...flags]);
    for (const filter of [
      `label=a=b`,
      `name=${name}`,
      `id=${id}`,
      `driver=bridge`,
      'type=custom',
      'dangling=true',
    ]) {
      expect([filter, (await list('-f', filter)).split('\n')]).toEqual([
        filter,
        expect.arrayContaining([name]),
      ]);
    }
    expect((await list('-f', 'label=a=x')).split('\n')).not.toContain(name);
    expect((await list('-f', 'type=builtin')).split('\n')).not.toContain(name);
    await using first = await box('--network', name);
    expect(await inside(first.name, 'ip', '-o', 'addr', 'show', 'eth0')).toContain('10.213.1.128/24');
    // Docker 20.10 gives a route that leads nowhere.
    if (ENGINE === 'minke') expect(await inside(first.name, 'ip', 'route')).not.toContain('default');
    await using second = await box('--network', name);
    // .129 is somebody's.
    expect(await inside(second.name, 'ip', '-o', 'addr', 'show', 'eth0')).toContain('10.213.1.130/24');
    expect(await fails('network', 'rm', name)).toContain('has active endpoints');
    const { Containers } = JSON.parse(
      await e.docker.ok(['network', 'inspect', '-f', '{{json .}}', name]),
    ) as {
      Containers: Record<string, { Name: string; IPv4Address: string }>;
    };
    const rows = Object.values(Containers).map(({ Name, IPv4Address }) => `${Name} ${IPv4Address}`);
    expect(rows.sort()).toEqual([`${first.name} 10.213.1.128/24`, `${second.name} 10.213.1.130/24`].sort());
    await e.docker.ok(['rm', '-f', first.name, second.name]);
    expect(await e.docker.ok(['network', 'rm', id])).toBe(id);
    expect(await sh('ip -br link')).not.toContain(bridge);
    expect(await fails('network', 'inspect', name)).toContain(`network ${name} not found`);
  });

  test('chooses a subnet that nobody has, and an address from it', async () => {
    const names = [uniqueName('net'), uniqueName('net')];
    made.push(...names);
    const subnets: string[] = [];
    for (const name of names) {
      await e.docker.ok(['network', 'create', name]);
      const config = await e.docker.ok(['network', 'inspect', '-f', '{{json .IPAM.Config}}', name]);
      const [{ Subnet, Gateway }] = JSON.parse(config) as [{ Subnet: string; Gateway: string }];
      subnets.push(Subnet);
      expect(Gateway).toBe(Subnet.replace(/0\/\d+$/, '1'));
      await using one = await box('--network', name);
      expect(await inside(one.name, 'ip', 'route')).toContain(`default via ${Gateway}`);
    }
    expect(new Set(subnets).size).toBe(2);
    expect(
      await fails('run', '--rm', '--network', names[0] ?? '', '--ip', '10.0.0.9', e.busybox, 'true'),
    ).toContain(
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    );
    expect(await e.docker.ok(['network', 'rm', ...names])).toBe(names.join('\n'));
  });

  test('refuses in the words of Docker', async () => {
    const taken = await network(2);
    const create = (...words: string[]) => fails('network', 'create', ...words);
    const name = uniqueName('net');
    expect(await create('bridge')).toContain('operation is not permitted on predefined bridge network');
    expect(await create(taken.name)).toContain(`network with name ${taken.name} already exists`);
    expect(await create('-d', 'host', name)).toContain('only one instance of "host" network is allowed');
    expect(await create('-d', 'overlay', name)).toContain('This node is not a swarm manager');
    expect(await create('-d', 'nope', name)).toMatch(/plugin .*nope.* not found/s);
    expect(await create('--subnet', '10.213.2.0/25', name)).toContain(
      'Pool overlaps with other one on this address space',
    );
    expect(await create('--subnet', '10.213.3.0/24', '--subnet', '10.213.4.0/24', name)).toContain(
      "bridge driver doesn't support multiple subnets",
    );
    expect(
      await create('-o', 'com.docker.network.bridge.enable_icc=perhaps', '--subnet', '10.213.3.0/24', name),
    ).toContain('failed to parse com.docker.network.bridge.enable_icc value: perhaps');
    if (ENGINE === 'minke') {
      const option = (text: string) => create('-o', `com.docker.network.${text}`, name);
      expect(await option('bridge.name=longer-than-fifteen')).toContain('invalid bridge name');
      expect(await option('driver.mtu=67')).toContain('invalid MTU number: 67: must be from 68 to 65535');
      expect(await create('--ipv4=false', name)).toContain('IPv4 or IPv6 must be enabled');
      expect(await fails('run', '--rm', '--mac-address', '01:00:5e:00:00:01', e.busybox, 'true')).toContain(
        'invalid MAC address 01:00:5e:00:00:01',
      );
    }
    expect(await fails('network', 'rm', 'bridge')).toContain(
      'bridge is a pre-defined network and cannot be removed',
    );
    expect(await fails('network', 'rm', name)).toContain(`network ${name} not found`);
    expect(await e.docker.ok(['network', 'ls', '-q', '-f', `name=${name}`])).toBe('');
  });

  test('takes a bridge that is there already, and leaves it behind', async () => {
    const bridge = `mk-${uniqueName('b').slice(-6)}`;
    await sh(`ip link add ${bridge} type bridge`);
    try {
      const { name } = await network(5, '-o', `com.docker.network.bridge.name=${bridge}`);
      expect(
        await fails('network', 'create', '-o', `com.docker.network.bridge.name=${bridge}`, uniqueName('net')),
      ).toContain('networks have same bridge name');
      await using one = await box('--network', name);
      expect(await inside(one.name, 'ip', 'route')).toContain('10.213.5.1');
      await e.docker.ok(['rm', '-f', one.name]);
      await e.docker.ok(['network', 'rm', name]);
      expect(await sh('ip -br link')).toContain(bridge);
    } finally {
      await sh(`ip link del ${bridge}`);
    }
  });

  test('makes networks from a network of settings', async () => {
    const settings = uniqueName('cfg');
    const name = uniqueName('net');
    made.push(name, settings);
    await e.docker.ok([
      'network',
      'create',
      '--config-only',
      '--subnet',
      '10.213.6.0/24',
      '--label',
      'x=y',
      settings,
    ]);
    expect(await fails('network', 'create', '--config-from', 'nope', name)).toContain(
      'configuration network "nope" does not exist',
    );
    await e.docker.ok(['network', 'create', '--config-from', settings, name]);
    await using one = await box('--network', name);
    expect(await inside(one.name, 'ip', 'route')).toContain('10.213.6.1');
    expect(await fails('network', 'rm', settings)).toContain(`configuration network "${settings}" is in use`);
    await e.docker.ok(['rm', '-f', one.name]);
    await e.docker.ok(['network', 'rm', name, settings]);
  });
});

describe('a container', () => {
  test('that runs joins and leaves networks, and its route and ports follow', async () => {
    const [one, two] = [await network(11), await network(12)];
    const port = await freePort();
    const web = uniqueName('web');
    await using _gone = removing(e.docker, web);
    const flags = ['--network', two.name, '--ip', '10.213.12.9', '-p', `127.0.0.1:${port}:80`];
    await e.docker.ok(['run', '-d', '--name', web, ...flags, e.busybox, 'httpd', '-f', '-h', '/www']);
    const page = () => run('curl', ['-s', '-m', '3', `http://127.0.0.1:${port}/`]);
    await until('the page', async () => (await page()).stdout);
    await e.docker.ok(['network', 'connect', '--alias', 'www', '--ip', '10.213.11.77', one.name, web]);
    const address = `{{(index .NetworkSettings.Networks "${one.name}").IPAddress}}`;
    expect(await field(web, address)).toBe('10.213.11.77');
    expect(await field(web, `{{json (index .NetworkSettings.Networks "${one.name}").Aliases}}`)).toContain(
      'www',
    );
    expect(await inside(web, 'ip', '-o', 'addr')).toMatch(/eth1.*10\.213\.11\.77\/24/);
    expect(await fails('network', 'connect', one.name, web)).toContain(
      `endpoint with name ${web} already exists in network ${one.name}`,
    );
    const [gateway] = [one, two].sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(await inside(web, 'ip', 'route')).toContain(`default via ${gateway?.prefix}.1`);
    expect((await page()).stdout).toContain('hello');
    await e.docker.ok(['network', 'disconnect', two.name, web]);
    expect(await inside(web, 'ip', 'route')).toContain(`default via ${one.prefix}.1`);
    expect(await inside(web, 'ip', '-o', 'link')).not.toContain('eth0');
    expect((await page()).stdout).toContain('hello');
    expect(await fails('network', 'disconnect', two.name, web)).toContain('is not connected to');
    await e.docker.ok(['restart', '-t', '0', web]);
    // What was asked for of an address holds at the next start too.
    expect(await field(web, address)).toBe('10.213.11.77');
    expect(await inside(web, 'ip', '-o', 'addr')).toMatch(/eth0.*10\.213\.11\.77\/24/);
  });

  test('that does not run joins and leaves for its next start', async () => {
    const [one, two] = [await network(13), await network(14)];
    const name = uniqueName('box');
    await using _gone = removing(e.docker, name);
    // Docker 20.10 is not asked for one: the newest CLI wants a newer API for that.
    const macFlags = ENGINE === 'minke' ? ['--mac-address', '02:00:00:00:13:99'] : [];
    const mac = async () => {
      const shown = await field(name, `{{(index .NetworkSettings.Networks "${one.name}").MacAddress}}`);
      expect([shown, macFlags.at(-1) ?? shown]).toEqual([shown, shown]);
    };
    await e.docker.ok([
      'create',
      '--name',
      name,
      '--network',
      one.name,
      ...macFlags,
      e.busybox,
      'sleep',
      '1000',
    ]);
    await e.docker.ok(['network', 'connect', '--ip', '10.213.14.14', two.name, name]);
    expect(await e.docker.ok(['ps', '-a', '--format', '{{.Names}}', '-f', `network=${two.name}`])).toBe(name);
    await e.docker.ok(['start', name]);
    expect(await inside(name, 'ip', '-o', 'addr')).toContain('10.213.14.14/24');
    await mac();
    await e.docker.ok(['restart', '-t', '0', name]);
    await mac();
    await e.docker.ok(['stop', '-t', '0', name]);
    await e.docker.ok(['network', 'disconnect', one.name, name]);
    await e.docker.ok(['start', name]);
    expect(await inside(name, 'ip', 'route')).toContain(`default via ${two.prefix}.1`);
    await e.docker.ok(['stop', '-t', '0', name]);
    const id = await e.docker.ok(['network', 'inspect', '-f', '{{.Id}}', two.name]);
    await e.docker.ok(['network', 'rm', two.name]);
    expect(await fails('start', name)).toContain(`network ${id} not found`);
    await e.docker.ok(['network', 'disconnect', '-f', two.name, name]);
    await e.docker.ok(['network', 'connect', one.name, name]);
    await e.docker.ok(['start', name]);
    expect(await inside(name, 'ip', 'route')).toContain(`default via ${one.prefix}.1`);
  });

  test('in a namespace that is not its own, or without network, joins none', async () => {
    const one = await network(15);
    await using host = await box('--network', 'host');
    expect(await fails('network', 'connect', one.name, host.name)).toContain(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
    expect(await fails('network', 'disconnect', 'host', host.name)).toContain(
      'container cannot be disconnected from host network or connected to host network',
    );
    await using none = await box('--network', 'none');
    expect(await fails('network', 'connect', one.name, none.name)).toContain(
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    );
    await using guest = await box('--network', `container:${host.name}`);
    expect(await fails('network', 'connect', one.name, guest.name)).toContain(
      'container sharing network namespace',
    );
    expect(await fails('network', 'connect', 'nope', host.name)).toContain('network nope not found');
    expect(await fails('network', 'connect', one.name, 'nope')).toContain('No such container: nope');
    await using plain = await box();
    expect(await fails('network', 'connect', '--ip', '10.9.9.9', one.name, plain.name)).toMatch(
      /no configured subnet.* contain.* IP address 10\.9\.9\.9|does not belong to any of this network's subnets/,
    );
    expect(await inside(plain.name, 'ip', '-o', 'link')).not.toContain('eth1');
  });

  test('is refused an address that is taken, on a network that is not there, and pruned networks', async () => {
    const one = await network(16);
    await using first = await box('--network', one.name, '--ip', '10.213.16.7');
    expect(
      await fails('run', '--rm', '--network', one.name, '--ip', '10.213.16.7', e.busybox, 'true'),
    ).toContain('Address already in use');
    expect(await fails('run', '--rm', '--network', 'nope', e.busybox, 'true')).toContain(
      'network nope not found',
    );
    const unused = await network(17, '--label', 'prune=me');
    const old = await e.docker.ok([
      'network',
      'prune',
      '-f',
      '--filter',
      'label=prune=me',
      '--filter',
      'until=1h',
    ]);
    expect(old).toBe('');
    const output = await e.docker.ok(['network', 'prune', '-f', '--filter', 'label=prune=me']);
    expect(output).toBe(`Deleted Networks:\n${unused.name}`);
    expect(await e.docker.ok(['network', 'ls', '--format', '{{.Name}}'])).toContain(one.name);
    await e.docker.ok(['rm', '-f', first.name]);
  });

  test('is told of by the events of its networks', async () => {
    const since = String(Math.floor(Date.now() / 1000) - 1);
    const one = await network(18);
    await using first = await box();
    await e.docker.ok(['network', 'connect', one.name, first.name]);
    await e.docker.ok(['network', 'disconnect', one.name, first.name]);
    await e.docker.ok(['rm', '-f', first.name]);
    await e.docker.ok(['network', 'rm', one.name]);
    const until_ = String(Math.ceil(Date.now() / 1000) + 1);
    const format = '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}}';
    const flags = ['--since', since, '--until', until_, '-f', 'type=network', '-f', `network=${one.name}`];
    const lines = (await e.docker.ok(['events', ...flags, '--format', format])).split('\n');
    const actions = [...new Set(lines)];
    expect(actions).toEqual(
      ['create', 'connect', 'disconnect', 'destroy'].map((what) => `${what} ${one.name} bridge`),
    );
  });

  // Docker's containers end with their daemon unless it is told otherwise.
  test.skipIf(ENGINE === 'docker')(
    'keeps its networks over a daemon that is killed, and one without bridge gets it',
    async () => {
      const [one, two] = [await network(31), await network(32)];
      await using first = await box('--network', one.name);
      await e.docker.ok(['network', 'connect', '--ip', '10.213.32.32', two.name, first.name]);
      const id = await e.docker.ok(['network', 'inspect', '-f', '{{.Id}}', two.name]);
      await e.daemon.kill();
      // As if it had died between the record of the network and its bridge.
      await sh(`ip link del br-${id.slice(0, 12)}`);
      await e.daemon.start();
      expect(await sh('ip -br addr')).toMatch(new RegExp(`br-${id.slice(0, 12)}.*10\\.213\\.32\\.1/24`));
      await using second = await box('--network', two.name);
      const ping = ['timeout', '5', 'ping', '-c1', '10.213.32.32'];
      await until(
        'the neighbour',
        async () => (await e.docker.run(['exec', second.name, ...ping])).code === 0,
      );
      await e.docker.ok(['network', 'disconnect', two.name, first.name]);
      expect(await inside(first.name, 'ip', 'route')).toContain(`default via ${one.prefix}.1`);
      expect(await inside(first.name, 'ip', '-o', 'link')).not.toContain('eth1');
    },
  );

  // Docker 20.10 knows no more than one network at create, and no priorities.
  test.skipIf(ENGINE === 'docker')(
    'is made in several networks, with the gateway that it asks for',
    async () => {
      const [one, two] = [await network(21), await network(22)];
      const asked = [
        ...['--network', `name=${one.name},ip=10.213.21.21,alias=first`],
        ...['--network', `name=${two.name},gw-priority=5,driver-opt=com.docker.network.endpoint.ifname=wan0`],
      ];
      const ifname = 'driver-opt=com.docker.network.endpoint.ifname';
      const twice = [one, two].flatMap(({ name }) => ['--network', `name=${name},${ifname}=wan0`]);
      expect(await fails('run', '--rm', ...twice, e.busybox, 'true')).toContain(
        'the container has an interface "wan0" already',
      );
      await using both = await box(...asked);
      const again = await network(23);
      expect(
        await fails(
          'network',
          'connect',
          '--driver-opt',
          `${ifname.slice('driver-opt='.length)}=wan0`,
          again.name,
          both.name,
        ),
      ).toContain('the container has an interface "wan0" already');
      expect(await inside(both.name, 'ip', 'route')).toMatch(/default via 10\.213\.22\.1 dev wan0/);
      expect(await inside(both.name, 'ip', '-o', 'addr')).toContain('10.213.21.21/24');
      const settings = JSON.parse(await field(both.name, '{{json .NetworkSettings.Networks}}')) as Record<
        string,
        { GwPriority: number; DNSNames: string[]; IPAMConfig: unknown }
      >;
      expect(settings[two.name]).toMatchObject({ GwPriority: 5 });
      expect(settings[one.name]).toMatchObject({ IPAMConfig: { IPv4Address: '10.213.21.21' } });
      const id = await field(both.name, '{{.Id}}');
      expect(settings[one.name]?.DNSNames).toEqual([both.name, 'first', id.slice(0, 12)]);
      const stats = JSON.parse(
        await e.docker.ok(['stats', '--no-stream', '--format', '{{json .}}', both.name]),
      ) as {
        NetIO: string;
      };
      expect(stats.NetIO).toMatch(/B \/ /);
    },
  );
});
