import { describe, expect, test } from 'bun:test';
import { type ContainerId, type EndpointId, type NetworkId, newId } from '../../base/mod.ts';
import type { LinkNetwork } from '../net.ts';
import { isolatedHost, sh } from '../testing/isolated-host.ts';

const host = isolatedHost(import.meta.path, 'macvlan and ipvlan hold against the kernel');

if (host) {
  const { start, enter, reaches, outside, one } = host;
  /** Its parent is the host's interface to the outside, which is the gateway. */
  const link = (change: Partial<LinkNetwork> = {}): LinkNetwork => ({
    driver: 'macvlan',
    id: newId<NetworkId>(),
    name: 'lan',
    pools: [{ subnet: '198.51.100.0/24', gateway: '198.51.100.2', ipRange: '198.51.100.128/25' }],
    parent: 'out0',
    mode: 'bridge',
    internal: false,
    ...change,
  });
  const inNetwork = async (network: LinkNetwork, work: () => Promise<void>): Promise<void> => {
    await host.net.ensureNetwork(network);
    try {
      await work();
    } finally {
      for (const id of host.up.splice(0)) await host.net.tearDown(id, undefined);
      await host.net.removeNetwork(network);
    }
  };
  const ping = (from: Parameters<typeof reaches>[0], to: string) =>
    reaches(from, `busybox ping -c1 -W1 ${to}`);
  /** The machine's kernel may lack kinds of links. */
  const hasKind = (kind: string, ...flags: string[]): boolean => {
    const made = reaches(undefined, `ip link add mnkt-probe ${kind} ${flags.join(' ')}`);
    if (made) sh('ip link delete mnkt-probe');
    return made;
  };
  sh('ip link add mnkt-probed type veth peer name mnkt-peer');
  const hasMacvlan = hasKind('link mnkt-probed type macvlan');
  sh('ip link delete mnkt-probed');

  describe.if(hasMacvlan)('a macvlan network', () => {
    test('of mode bridge: containers have addresses of the outside, reach it and each other, not the host', async () => {
      const network = link();
      await inNetwork(network, async () => {
        const a = await start(network, [{ hostPort: 8080 }]);
        const b = await start(network);
        expect([a.ip, b.ip]).toEqual(['198.51.100.128', '198.51.100.129']);
        expect(a.sandbox.ports).toEqual([]);
        expect(a.sandbox.endpoints[0]).toMatchObject({
          driver: 'macvlan',
          gateway: '198.51.100.2',
          bridge: '',
        });
        expect(enter(a.sandbox, 'ip link show eth0')).toContain(a.sandbox.endpoints[0]?.mac ?? '?');
        expect(enter(a.sandbox, 'ip route')).toContain('default via 198.51.100.2 dev eth0');
        expect([ping(a.sandbox, b.ip), ping(a.sandbox, '198.51.100.2'), ping(outside, a.ip)]).toEqual([
          true,
          true,
          true,
        ]);
        expect(ping(a.sandbox, '198.51.100.1')).toBe(false);
        await host.net.tearDown(a.id, a.sandbox);
        expect((await start(network)).ip).toBe('198.51.100.128');
      });
    });

    test.each(['private', 'vepa'])('of mode %s: the outside, not each other', async (mode) => {
      const network = link({ mode });
      await inNetwork(network, async () => {
        const a = await start(network);
        const b = await start(network);
        expect([ping(a.sandbox, b.ip), ping(a.sandbox, '198.51.100.2')]).toEqual([false, true]);
      });
    });

    test('of mode passthru: one container, which has the address of the parent, and the next when it is gone', async () => {
      const network = link({ mode: 'passthru' });
      await inNetwork(network, async () => {
        const before = sh('cat /sys/class/net/out0/address || ip -br link show out0');
        const a = await start(network);
        expect(before).toContain(a.sandbox.endpoints[0]?.mac ?? '?');
        expect(ping(a.sandbox, '198.51.100.2')).toBe(true);
        await expect(start(network)).rejects.toThrow('failed to create the macvlan port: invalid argument');
        await host.net.tearDown(a.id, a.sandbox);
        const b = await start(network);
        expect(ping(b.sandbox, '198.51.100.2')).toBe(true);
        await expect(host.net.ensureNetwork(link())).rejects.toThrow(
          `macvlan network ${network.id} is already using parent interface out0 in mode passthru`,
        );
      });
    });

    test('gives addresses of its second subnet when the first is used up, or when asked', async () => {
      const pools = [
        { subnet: '198.51.100.0/24', gateway: '198.51.100.2', ipRange: '198.51.100.8/31' },
        { subnet: '203.0.113.0/24', gateway: '203.0.113.1' },
      ];
      const network = link({ pools });
      await inNetwork(network, async () => {
        const ips = [
          await start(network, [], '203.0.113.9'),
          await start(network),
          await start(network),
          await start(network),
        ];
        expect(ips.map(({ ip }) => ip)).toEqual([
          '203.0.113.9',
          '198.51.100.8',
          '198.51.100.9',
          '203.0.113.2',
        ]);
        expect(ips.at(-1)?.sandbox.endpoints[0]?.gateway).toBe('203.0.113.1');
        await expect(start(network, [], '10.0.0.1')).rejects.toThrow(
          'no configured subnet contains IP address 10.0.0.1',
        );
      });
    });

    test('gives addresses of both families', async () => {
      const pool6 = { subnet: '2001:db8:5::/64', gateway: '2001:db8:5::1' };
      const network = link({ pools: [...link().pools, pool6] });
      await inNetwork(network, async () => {
        const [a, b] = [await start(network), await start(network)];
        expect(a.sandbox.endpoints[0]).toMatchObject({ ipv4: '198.51.100.128', ipv6: '2001:db8:5::2' });
        expect(enter(a.sandbox, 'ip -6 route')).toContain('default via 2001:db8:5::1 dev eth0');
        expect(ping(b.sandbox, '-6 2001:db8:5::2')).toBe(true);
      });
    });

    test('that is internal has no way out', async () => {
      const network = link({ internal: true });
      await inNetwork(network, async () => {
        const a = await start(network);
        expect(enter(a.sandbox, 'ip route')).not.toContain('default');
      });
    });

    test('joins a running container beside its bridge, and leaves it', async () => {
      const network = link();
      await inNetwork(network, async () => {
        const a = await start(one, [{ hostPort: 8080 }]);
        const endpointId = newId<EndpointId>();
        const both = await host.net.connect(a.id, { endpointId, network, names: [], gatewayPriority: 1 }, []);
        expect(both.endpoints.map((each) => [each.interface, each.driver])).toEqual([
          ['eth0', 'bridge'],
          ['eth1', 'macvlan'],
        ]);
        expect(enter(a.sandbox, 'ip route')).toContain('default via 198.51.100.2 dev eth1');
        expect(ping(a.sandbox, '198.51.100.2')).toBe(true);
        const left = await host.net.disconnect(a.id, endpointId, []);
        expect(left.endpoints).toHaveLength(1);
        expect(enter(a.sandbox, 'ip -br link')).not.toContain('eth1');
        expect(enter(a.sandbox, 'ip route')).toContain('default via 172.31.71.1 dev eth0');
      });
    });

    test('that a daemon finds again keeps its addresses', async () => {
      const network = link();
      await inNetwork(network, async () => {
        const a = await start(network);
        await host.net.restore([{ id: a.id, sandbox: a.sandbox }]);
        expect((await start(network)).ip).not.toBe(a.ip);
        await expect(start(network, [], a.ip)).rejects.toThrow('Address already in use');
        expect(ping(a.sandbox, '198.51.100.2')).toBe(true);
      });
    });
  });

  describe('a parent', () => {
    test.each([
      ['nobody', 'invalid subinterface vlan name nobody, example formatting is eth0.10'],
      ['nobody.10', '-o parent interface was not found on the host: nobody'],
      [
        'out0.1.2',
        'required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received out0.1.2',
      ],
      ['out0.x', 'unable to parse a valid vlan id from: x (ex. eth0.10 for vlan 10)'],
      ['out0.4095', 'vlan id must be between 1-4094, received: 4095'],
      ['out0\0', 'invalid subinterface vlan name out0\0, example formatting is eth0.10'],
    ])('%j is refused in the words of Docker', async (parent, sentence) => {
      await expect(host.net.ensureNetwork(link({ parent }))).rejects.toThrow(sentence);
    });

    test('that went away is missed when a container starts', async () => {
      const network = link({ parent: 'mnkt-gone' });
      sh('ip link add mnkt-gone type veth peer name mnkt-peer');
      await host.net.ensureNetwork(network);
      sh('ip link delete mnkt-gone');
      await expect(start(network)).rejects.toThrow(
        'the requested parent interface mnkt-gone was not found on the Docker host',
      );
      await host.net.removeNetwork(network);
    });

    test.each([
      ['out0.10', 'vlan', 'link out0 type vlan id 4'],
      ['', 'dummy', 'type dummy'],
    ])(
      'that is made (%p) goes with the last network, or the kernel lacks it',
      async (parent, kind, probe) => {
        const network = link({ parent });
        const name = parent || `dm-${network.id.slice(0, 12)}`;
        if (!hasKind(probe)) {
          await expect(host.net.ensureNetwork(network)).rejects.toThrow(
            `operation not supported: this kernel has no links of type ${kind}`,
          );
          expect(sh('ip -br link')).not.toContain(name);
          return;
        }
        const other = link({ parent: name });
        await host.net.ensureNetwork(network);
        await host.net.ensureNetwork(other);
        await host.net.removeNetwork(network);
        expect(sh('ip -br link')).toContain(name);
        await host.net.removeNetwork(other);
        expect(sh('ip -br link')).not.toContain(name);
      },
    );

    test("of the user's own stays", async () => {
      const network = link({ parent: 'mnkt-own.5' });
      sh('ip link add mnkt-own.5 type veth peer name mnkt-peer');
      await host.net.ensureNetwork(network);
      await host.net.removeNetwork(network);
      expect(sh('ip -br link')).toContain('mnkt-own.5');
      sh('ip link delete mnkt-own.5');
    });

    test('with an alias of ours and no network goes when the daemon starts', async () => {
      sh(
        'ip link add mnkt-left type veth peer name mnkt-peer && ip link set mnkt-left alias "minke_test parent"',
      );
      await host.net.restore([]);
      expect(sh('ip -br link')).not.toContain('mnkt-left');
    });
  });

  test('an ipvlan network, where the kernel lacks it, says so when it is made', async () => {
    const network = link({ driver: 'ipvlan', mode: 'l3' });
    if (!hasKind('link out0 type ipvlan mode l2')) {
      await expect(host.net.ensureNetwork(network)).rejects.toThrow(
        'ipvlan networks: operation not supported: this kernel has no links of type ipvlan',
      );
      return;
    }
    await inNetwork(network, async () => {
      const a = await start(network);
      expect(enter(a.sandbox, 'ip route')).toContain('default dev eth0 scope link');
      await expect(host.net.ensureNetwork(link({ driver: 'ipvlan', mode: 'l2' }))).rejects.toThrow(
        `network di-${network.id.slice(0, 12)} is already using parent interface out0`,
      );
      const id = newId<ContainerId>();
      const endpoint = { endpointId: newId<EndpointId>(), network, names: [], mac: '02:00:00:00:00:01' };
      await expect(host.net.setUp({ id, endpoints: [endpoint], ports: [] })).rejects.toThrow(
        'ipvlan interfaces do not support custom mac address assignment',
      );
    });
  });
}
