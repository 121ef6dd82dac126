import { beforeAll, describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import type { BridgeNetwork, Sandbox } from '../mod.ts';
import { isolatedHost, sh } from '../testing/isolated-host.ts';

const host = isolatedHost(import.meta.path, 'published ports over IPv6 hold against the kernel');

if (host) {
  const { network, start, enter, reaches, serve, get, outside, one } = host;
  const pool = (n: number) => ({ subnet: `fd71:${n}::/64`, gateway: `fd71:${n}::1` });
  const dual = network(75, { ipv6: pool(5) });
  const other = network(76, { ipv6: pool(6) });
  const routed = network(77, { ipv6: pool(7), gatewayModeIpv4: 'routed', gatewayModeIpv6: 'routed' });
  const open = network(78, { gatewayModeIpv4: 'nat-unprotected' });
  const closed6 = network(79, { ipv6: pool(9), internal: true });
  host.networks.push(dual, other, routed, open, closed6);
  const HERE = '2001:db8:5::1';
  const THERE = '2001:db8:5::2';

  beforeAll(() => {
    sh(`ip -6 addr add ${HERE}/64 dev out0 nodad`);
    enter(outside, `ip -6 addr add ${THERE}/64 dev eth0 nodad`);
    // It knows the way to the containers, as a router of the same site would.
    enter(
      outside,
      `sh -c "ip -6 route add fd71::/16 via ${HERE}; ip route add 172.31.0.0/16 via 198.51.100.1"`,
    );
  });

  /** As `serve`, over IPv6 only: HTTP at 80, UDP at 53. */
  const serve6 = async (sandbox: Sandbox, name: string) => {
    const program = `
      const web = require('node:http').createServer((q, r) => r.end('${name} ' + q.socket.remoteAddress));
      const s = require('node:dgram').createSocket({ type: 'udp6', ipv6Only: true });
      s.on('message', (m, from) => s.send('${name} ' + from.address, from.port, from.address));
      s.bind(53, () => web.listen({ port: 80, host: '::', ipv6Only: true }, () => console.log('ready')));`;
    const child = spawn('nsenter', [`--net=${sandbox.netns}`, process.execPath, '-e', program]);
    host.children.push(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
  };
  const get6 = (from: Sandbox | string | undefined, url: string) => {
    const command = `curl -s -g -m 3 ${url}`;
    try {
      return from === undefined ? sh(command) : enter(from, command);
    } catch {
      return 'no answer';
    }
  };
  const isBlocked = (from: Sandbox | string | undefined, url: string) =>
    !reaches(from, `curl -s -g -m 1 -o /dev/null ${url}`);
  const up = (on: BridgeNetwork, ports: Parameters<typeof start>[1] = []) => start(on, ports);

  describe('a port published in a network with IPv6', () => {
    test('answers over IPv6 from everywhere, and sees who asks', async () => {
      const web = await up(dual, [
        { hostPort: 8080 },
        { hostPort: 5353, containerPort: 53, protocol: 'udp' },
      ]);
      const [neighbour, stranger] = [await up(dual), await up(other)];
      await serve6(web.sandbox, 'web');
      expect(get6(outside, `http://[${HERE}]:8080`)).toBe(`web ${THERE}`);
      expect(get6(undefined, `http://[${HERE}]:8080`)).toStartWith('web ');
      for (const from of [neighbour, stranger, web]) {
        expect(get6(from.sandbox, `http://[${HERE}]:8080`)).toStartWith('web ');
      }
      // By a listener of ours, which must not keep this process from answering.
      expect(await (await fetch('http://[::1]:8080')).text()).toStartWith('web ');
      const ask = `const s = require('node:dgram').createSocket('udp6');
        s.on('message', (m) => { console.log(String(m)); s.close(); }); s.send('?', 5353, '${HERE}');`;
      expect(enter(outside, `timeout 3 ${process.execPath} -e "${ask}"`).trim()).toBe(`web ${THERE}`);
    });

    test('at one IPv6 address answers there only', async () => {
      sh('ip -6 addr add 2001:db8:5::9/128 dev out0 nodad');
      const web = await up(dual, [{ hostPort: 8080, hostIp: '2001:db8:5::9' }]);
      await serve6(web.sandbox, 'web');
      expect(get6(outside, 'http://[2001:db8:5::9]:8080')).toBe(`web ${THERE}`);
      expect(isBlocked(outside, `http://[${HERE}]:8080`)).toBe(true);
      sh('ip -6 addr del 2001:db8:5::9/128 dev out0');
    });
  });

  test('containers reach what is beyond by the host’s address, and not another network or what is not published', async () => {
    const [a, b] = [await up(dual), await up(other)];
    await serve6(b.sandbox, 'b');
    const address = b.sandbox.endpoints[0]?.ipv6;
    expect(reaches(a.sandbox, `busybox ping -6 -c1 -W2 ${THERE}`)).toBe(true);
    expect(isBlocked(a.sandbox, `http://[${address}]`)).toBe(true);
    expect(isBlocked(outside, `http://[${address}]`)).toBe(true);
    expect(get6(undefined, `http://[${address}]`)).toStartWith('b ');
    const shut = await up(closed6, [{ hostPort: 8080 }]);
    expect(shut.sandbox.ports).toEqual([]);
    enter(shut.sandbox, 'sh -c "ip -6 route replace default via fd71:9::1 2>/dev/null || true"');
    expect(reaches(shut.sandbox, `busybox ping -6 -c1 -W1 ${THERE}`)).toBe(false);
  });

  test('in a routed network published ports are reached at the container, and nothing else', async () => {
    const web = await up(routed, [{ hostPort: 8080 }]);
    await serve6(web.sandbox, 'web');
    const address = web.sandbox.endpoints[0]?.ipv6;
    expect(get6(outside, `http://[${address}]`)).toBe(`web ${THERE}`);
    expect(reaches(outside, `busybox ping -6 -c1 -W2 ${address}`)).toBe(true);
    expect(reaches(outside, `busybox ping -c1 -W2 ${web.ip}`)).toBe(true);
    expect(isBlocked(outside, `http://[${HERE}]:8080`)).toBe(true);
    const quiet = await up(routed);
    await serve6(quiet.sandbox, 'quiet');
    expect(isBlocked(outside, `http://[${quiet.sandbox.endpoints[0]?.ipv6}]`)).toBe(true);
    const bare = await up(open);
    await serve(bare.sandbox, 'bare');
    expect(get(outside, `http://${bare.ip}`)).toBe('bare 198.51.100.2');
    expect(reaches((await up(one)).sandbox, `timeout 1 busybox wget -q -O - http://${bare.ip}`)).toBe(false);
  });

  test('"respect-firewall" holds over IPv6, by the client’s own address', async () => {
    await host.net.close();
    await host.openAs({ respectFirewall: true });
    const web = await up(dual, [{ hostPort: 8080 }]);
    await serve6(web.sandbox, 'web');
    expect(get6(outside, `http://[${HERE}]:8080`)).toBe(`web ${THERE}`);
    sh(`nft -f - <<'END'
table ip6 filter {
  chain INPUT { type filter hook input priority filter; policy drop; icmpv6 type != echo-request accept; }
}
END`);
    expect(isBlocked(outside, `http://[${HERE}]:8080`)).toBe(true);
    sh('nft add rule ip6 filter INPUT tcp dport 8080 accept');
    expect(get6(outside, `http://[${HERE}]:8080`)).toBe(`web ${THERE}`);
    sh('nft delete table ip6 filter');
    await host.net.tearDown(web.id, web.sandbox);
    await host.net.close();
    await host.openAs({});
  });

  test('without iptables there are no rules, and listeners serve what is published', async () => {
    await host.net.close();
    await host.openAs({ iptables: false });
    expect(sh('nft list ruleset')).toBe('');
    const web = await up(dual, [{ hostPort: 8080 }]);
    await serve(web.sandbox, 'web');
    expect(await (await fetch('http://127.0.0.1:8080')).text()).toStartWith('web ');
    const client = Bun.spawn([
      'nsenter',
      `--net=${outside}`,
      'curl',
      '-s',
      '-m',
      '5',
      'http://198.51.100.1:8080',
    ]);
    expect(await new Response(client.stdout).text()).toStartWith('web ');
    expect(sh('nft list ruleset')).toBe('');
    await host.net.tearDown(web.id, web.sandbox);
    await host.net.close();
    await host.openAs({ ip6tables: false });
    expect(sh('nft list chain inet minke_test ours')).toContain('meta nfproto ipv6 accept');
    await host.net.close();
    await host.openAs({});
  });

  describe('ports of a running container', () => {
    test('come and go, and those that stay keep their number and their connections', async () => {
      const web = await start(one, [{ hostPort: 0 }, { hostPort: 8081 }]);
      await serve(web.sandbox, 'web');
      const base = { protocol: 'tcp', containerPort: 80, hostIp: '' } as const;
      const kept = web.sandbox.ports[0]?.hostPort ?? 0;
      const changed = await host.net.updatePorts(web.id, [
        { ...base, hostPort: 0 },
        { ...base, hostPort: 8082 },
      ]);
      expect([...new Set(changed.ports.map(({ hostPort }) => hostPort))]).toEqual([kept, 8082]);
      expect(get(outside, `http://198.51.100.1:${kept}`)).toStartWith('web ');
      expect(get(outside, 'http://198.51.100.1:8082')).toStartWith('web ');
      expect(isBlocked(outside, 'http://198.51.100.1:8081')).toBe(true);
      await start(one, [{ hostPort: 8081 }]);
      await expect(host.net.updatePorts(web.id, [{ ...base, hostPort: 8081 }])).rejects.toThrow(
        'Bind for 0.0.0.0:8081 failed: port is already allocated',
      );
      expect(get(outside, 'http://198.51.100.1:8082')).toStartWith('web ');
      await expect(start(one, [{ hostPort: 8082 }])).rejects.toThrow('port is already allocated');
      expect((await host.net.updatePorts(web.id, [])).ports).toEqual([]);
      expect(isBlocked(outside, 'http://198.51.100.1:8082')).toBe(true);
      await start(one, [{ hostPort: 8082 }]);
    });

    test('leave a range and come back to it', async () => {
      const range = (from: number, to: number) =>
        Array.from({ length: to - from + 1 }, (_, index) => ({
          protocol: 'tcp' as const,
          containerPort: from + index,
          hostIp: '',
          hostPort: from + index,
        }));
      const web = await start(one, range(1000, 1099));
      const listed = () =>
        [...sh('nft list map inet minke_test ranges_any').matchAll(/tcp \. (\S+)/g)].map((m) => m[1]);
      expect(listed()).toEqual(['1000-1099']);
      await host.net.updatePorts(web.id, [...range(1000, 1049), ...range(1051, 1099)]);
      expect(listed().sort()).toEqual(['1000-1049', '1051-1099']);
      await host.net.updatePorts(web.id, range(1000, 1099));
      expect(listed()).toEqual(['1000-1099']);
    });
  });
}
