import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { type ContainerId, type EndpointId, newId, silentLogger } from '../../base/mod.ts';
import { Rtnetlink } from '../../sys/mod.ts';
import { ensureBridgeLink } from '../bridge/bridge.ts';
import { forwardIpv6 } from '../forward-packets.ts';
import { isolatedHost, sh, until } from '../testing/isolated-host.ts';

const host = isolatedHost(import.meta.path, 'IPv6 holds against the kernel');

if (host) {
  const { network, enter, reaches, start } = host;
  const pool = { subnet: 'fd71:5::/64', gateway: 'fd71:5::1' };
  const dual = network(75, { ipv6: pool });
  const six = network(76, { subnet: '', gateway: '', ipv6: { subnet: 'fd71:6::/64', gateway: 'fd71:6::1' } });
  host.networks.push(dual, six);
  const up = async (
    on: typeof dual,
    wanted: { ipv4?: string; ipv6?: string; mac?: string; sysctls?: string } = {},
  ) => {
    const id = newId<ContainerId>();
    const endpoint = { endpointId: newId<EndpointId>(), network: on, names: [], ...wanted };
    const sandbox = await host.net.setUp({ id, endpoints: [endpoint], ports: [] });
    host.up.push(id);
    return { id, sandbox, endpoint: sandbox.endpoints[0] };
  };

  describe('a network with IPv6', () => {
    test('has its gateway and fe80::1 on the bridge, usable at once, and listens to no router', () => {
      const addresses = sh('ip -6 -o addr show dev mnkt75');
      expect(addresses).toContain('inet6 fd71:5::1/64');
      expect(addresses).toContain('inet6 fe80::1/64');
      expect(addresses.trim().split('\n').length).toBe(2);
      expect(addresses).not.toMatch(/tentative|dadfailed/);
      expect(readFileSync('/proc/sys/net/ipv6/conf/mnkt75/accept_ra', 'utf8')).toBe('0\n');
      expect(readFileSync('/proc/sys/net/ipv6/conf/all/forwarding', 'utf8')).toBe('1\n');
      expect(sh('ip -4 -o addr show dev mnkt76')).toBe('');
      // And one without has none.
      expect(sh('ip -6 -o addr show dev mnkt71')).toBe('');
    });

    test('gives its containers an address and a route, and they reach each other and the host', async () => {
      const a = await up(dual);
      const b = await up(dual);
      expect(b.endpoint).toMatchObject({
        ipv4: '172.31.75.3',
        ipv6: 'fd71:5::3',
        ipv6PrefixLength: 64,
        ipv6Gateway: 'fd71:5::1',
      });
      const shown = enter(a.sandbox, 'ip -6 -o addr show dev eth0');
      expect(shown).toContain('inet6 fd71:5::2/64');
      expect(shown).not.toMatch(/tentative|dadfailed/);
      expect(shown).toMatch(/inet6 fe80::42:acff:fe1f:4b02\/64/);
      expect(enter(a.sandbox, 'ip -6 route')).toContain('default via fd71:5::1 dev eth0');
      expect(reaches(a.sandbox, 'busybox ping -6 -c1 -W2 fd71:5::3')).toBe(true);
      expect(reaches(a.sandbox, 'busybox ping -6 -c1 -W2 fd71:5::1')).toBe(true);
      expect(reaches(a.sandbox, 'busybox ping -4 -c1 -W2 172.31.75.3')).toBe(true);
    });

    test('needs no IPv4', async () => {
      const a = await up(six);
      const b = await up(six, { ipv6: 'FD71:6:0::00AA' });
      expect(a.endpoint).toMatchObject({
        ipv4: '',
        gateway: '',
        ipv6: 'fd71:6::2',
        mac: '02:42:00:00:00:02',
      });
      expect(enter(a.sandbox, 'ip -4 -o addr show dev eth0')).toBe('');
      expect(enter(a.sandbox, 'ip -4 route')).toBe('');
      expect(reaches(a.sandbox, 'busybox ping -6 -c1 -W2 fd71:6::aa')).toBe(true);
      await expect(up(six, { ipv6: 'fd71:6::aa' })).rejects.toThrow('Address already in use');
      await expect(up(six, { ipv6: 'fd71:7::aa' })).rejects.toThrow('no configured subnet contains');
      await host.net.tearDown(b.id, b.sandbox);
      expect((await up(six, { ipv6: 'fd71:6::aa' })).endpoint?.ipv6).toBe('fd71:6::aa');
    });

    test('gives back the IPv4 address where there is no IPv6 one', async () => {
      await expect(up(dual, { ipv6: 'fd71:9::1' })).rejects.toThrow('no configured subnet contains');
      expect((await up(dual)).endpoint?.ipv4).toBe('172.31.75.2');
    });

    test('lets neighbours know when an address has another hardware address', async () => {
      const a = await up(dual);
      for (const ipv4 of ['172.31.75.50', '172.31.75.51', '172.31.75.52']) {
        const b = await up(dual, { ipv4, ipv6: 'fd71:5::50' });
        expect(reaches(a.sandbox, 'busybox ping -6 -c1 -W1 fd71:5::50')).toBe(true);
        await host.net.tearDown(b.id, b.sandbox);
      }
    });

    test('takes no route from a container that plays router', async () => {
      const a = await up(dual);
      expect(enter(a.sandbox, 'cat /proc/sys/net/ipv6/conf/eth0/accept_ra')).toBe('0\n');
    });

    test('is repaired: a bridge deleted by hand, an address taken away, one given up as duplicate', async () => {
      const a = await up(dual);
      sh('ip link del mnkt75');
      await host.net.ensureNetwork(dual);
      await host.net.restore([{ id: a.id, sandbox: a.sandbox }]);
      expect(reaches(a.sandbox, 'busybox ping -6 -c1 -W2 fd71:5::1')).toBe(true);
      sh('ip -6 addr del fd71:5::1/64 dev mnkt75');
      await host.net.ensureNetwork(dual);
      expect(reaches(a.sandbox, 'busybox ping -6 -c1 -W2 fd71:5::1')).toBe(true);
      // Another host that has the gateway's address.
      enter(a.sandbox, 'ip -6 addr add fd71:5::1/128 dev eth0 nodad');
      sh('ip -6 addr del fd71:5::1/64 dev mnkt75 && ip -6 addr add fd71:5::1/64 dev mnkt75');
      await until('the kernel gives the address up', () =>
        sh('ip -6 addr show dev mnkt75').includes('dadfailed'),
      );
      enter(a.sandbox, 'ip -6 addr del fd71:5::1/128 dev eth0');
      await host.net.ensureNetwork(dual);
      expect(sh('ip -6 addr show dev mnkt75')).not.toMatch(/tentative|dadfailed/);
      expect(reaches(a.sandbox, 'busybox ping -6 -c1 -W2 fd71:5::1')).toBe(true);
    });

    test('adopts the addresses of what runs', async () => {
      const a = await up(dual);
      await host.net.restore([{ id: a.id, sandbox: a.sandbox }]);
      expect((await up(dual)).endpoint?.ipv6).toBe('fd71:5::3');
    });

    test('gives no address of it where the interface has it switched off; other switches are set too', async () => {
      const sysctls = 'net.ipv6.conf.IFNAME.disable_ipv6=1,net.ipv4.conf.ifname.log_martians=1';
      const a = await up(dual, { sysctls });
      expect(a.endpoint).not.toHaveProperty('ipv6');
      expect(enter(a.sandbox, 'ip -6 -o addr show dev eth0')).toBe('');
      expect(enter(a.sandbox, 'cat /proc/sys/net/ipv4/conf/eth0/log_martians')).toBe('1\n');
      for (const [bad, why] of [
        [
          'net.ipv4.conf.eth0.forwarding=1',
          "unrecognised network interface sysctl 'net.ipv4.conf.eth0.forwarding=1'",
        ],
        ['net.ipv4.conf.IFNAME.../../../../../kernel/hostname=x', 'unrecognised network interface sysctl'],
        ['net.core.conf.IFNAME.x=1', 'unrecognised network interface sysctl'],
        ['net.ipv4.conf.IFNAME.nothing=1', 'failed to set sysctl net/ipv4/conf/eth0/nothing: no such file'],
        ['net.ipv4.conf.IFNAME.forwarding=x', 'failed to set sysctl net/ipv4/conf/eth0/forwarding'],
      ] as const) {
        await expect(up(dual, { sysctls: bad })).rejects.toThrow(why);
      }
      expect((await up(dual)).endpoint?.ipv4).toBe('172.31.75.3');
    });

    test('sends containers to another router than the bridge, where one is configured', async () => {
      const away = network(77, {
        router: '172.31.77.9',
        ipv6: { ...pool, subnet: 'fd71:7::/64', gateway: 'fd71:7::1', router: 'fd71:7::9' },
      });
      await host.net.ensureNetwork(away);
      const a = await up(away);
      expect(enter(a.sandbox, 'ip route')).toContain('default via 172.31.77.9');
      expect(enter(a.sandbox, 'ip -6 route')).toContain('default via fd71:7::9');
      await host.net.tearDown(a.id, a.sandbox);
      await host.net.removeNetwork(away);
    });
  });

  test('a host that learned its route from a router keeps it when it begins to forward', async () => {
    sh('sysctl -qw net.ipv6.conf.all.forwarding=0');
    sh('ip link add up0 type veth peer name up1 && ip link set up0 up && ip link set up1 up');
    sh('sysctl -qw net.ipv6.conf.up0.accept_ra=1 net.ipv6.conf.up1.accept_ra=1');
    sh('ip -6 route add default via fe80::99 dev up0 proto ra expires 1000');
    using rtnetlink = new Rtnetlink();
    forwardIpv6(rtnetlink, silentLogger);
    const { accept, routes } = {
      accept: sh(
        'sysctl -n net.ipv6.conf.up0.accept_ra net.ipv6.conf.up1.accept_ra net.ipv6.conf.all.forwarding',
      ),
      routes: sh('ip -6 route'),
    };
    sh('ip link del up0');
    expect(accept).toBe('2\n1\n1\n');
    expect(routes).toContain('default via fe80::99 dev up0 proto ra');
  });

  test('an interface of the name that is no bridge is left alone', async () => {
    sh('ip link add mnkt78 type veth peer name mnkt79');
    using rtnetlink = new Rtnetlink();
    expect(() => ensureBridgeLink(rtnetlink, network(78))).toThrow(
      'existing interface mnkt78 is not a bridge',
    );
    sh('ip link del mnkt78');
    for (const bad of ['', 'a/b', '..', 'sixteen-letters-x']) {
      expect(() => ensureBridgeLink(rtnetlink, network(78, { bridge: bad }))).toThrow('invalid bridge name');
    }
    expect(existsSync('/sys/class/net/mnkt78')).toBe(false);
  });

  test('a network without IPv6 gives none, also where the host has it', async () => {
    const { sandbox } = await start(host.one);
    expect(enter(sandbox, 'ip -6 -o addr show dev eth0')).toBe('');
  });
}
