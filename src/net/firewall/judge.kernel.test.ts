import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { isolatedHost, sh } from '../testing/isolated-host.ts';
import { fillChecksum } from './checksum.ts';

const host = isolatedHost(import.meta.path, 'published ports respect the firewall');

if (host) {
  const { start, reaches, serve, get, askUdp, outside, one, two } = host;
  const from = () => get(outside, 'http://198.51.100.1:8080');
  const isBlocked = (port = 8080) =>
    !reaches(outside, `timeout 1 busybox wget -q -O - http://198.51.100.1:${port}`);
  /** As ufw has it: by policy all is denied, allowed are answers, the loopback and what the user lists. */
  const ufw = (...allowed: string[]) =>
    sh(`nft flush ruleset ip 2>/dev/null; nft -f - <<'END'
table ip filter {
  chain ufw-user-input {
    ${allowed.join('\n    ')}
  }
  chain INPUT {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state related,established accept
    ct state invalid drop
    jump ufw-user-input
  }
}
END`);

  describe('with "respect-firewall" a published port', () => {
    beforeAll(async () => {
      await host.net.close();
      await host.openAs({ respectFirewall: true });
    });
    afterAll(async () => {
      sh('nft delete table ip filter || true');
      await host.net.close();
      await host.openAs({});
    });

    test('is reached where no INPUT chain denies it, by the client’s own address', async () => {
      const web = await start(one, [
        { hostPort: 8080 },
        { hostPort: 5353, containerPort: 53, protocol: 'udp' },
      ]);
      const stranger = await start(two);
      await serve(web.sandbox, 'web');
      expect(from()).toBe('web 198.51.100.2');
      expect(askUdp(outside, '198.51.100.1', 5353)).toBe('web 198.51.100.2');
      expect(get(undefined, 'http://127.0.0.1:8080')).toStartWith('web ');
      expect(get(undefined, 'http://198.51.100.1:8080')).toStartWith('web ');
      expect(get(stranger.sandbox, 'http://198.51.100.1:8080')).toStartWith('web ');
      expect(get(web.sandbox, 'http://198.51.100.1:8080')).toStartWith('web ');
    });

    test('is denied where they deny it, TCP and UDP, at once, and allowed where they allow it', async () => {
      const web = await start(one, [
        { hostPort: 8080 },
        { hostPort: 5353, containerPort: 53, protocol: 'udp' },
      ]);
      await serve(web.sandbox, 'web');
      sh('nft delete table ip filter 2>/dev/null || true');
      ufw();
      expect(isBlocked()).toBe(true);
      expect(askUdp(outside, '198.51.100.1', 5353)).toBe('no answer');
      expect(get(undefined, 'http://198.51.100.1:8080')).toStartWith('web ');
      sh('nft add rule ip filter ufw-user-input tcp dport 8080 accept');
      sh('nft add rule ip filter ufw-user-input udp dport 5353 accept');
      expect(from()).toBe('web 198.51.100.2');
      expect(askUdp(outside, '198.51.100.1', 5353)).toBe('web 198.51.100.2');
      // What the container's own port is does not matter.
      sh(
        'nft flush chain ip filter ufw-user-input; nft add rule ip filter ufw-user-input tcp dport 80 accept',
      );
      expect(isBlocked()).toBe(true);
      sh('nft delete table ip filter');
    });

    test('in a range is denied and allowed too', async () => {
      const ports = Array.from({ length: 100 }, (_, index) => ({
        hostPort: 50 + index,
        containerPort: 50 + index,
      }));
      const web = await start(one, ports);
      await serve(web.sandbox, 'web');
      expect(get(outside, 'http://198.51.100.1:80')).toBe('web 198.51.100.2');
      ufw();
      expect(isBlocked(80)).toBe(true);
      sh('nft delete table ip filter');
    });

    test('is denied by iptables-legacy too', async () => {
      if (!existsSync('/usr/sbin/iptables-legacy')) return;
      const web = await start(one, [{ hostPort: 8080 }]);
      await serve(web.sandbox, 'web');
      sh('iptables-legacy -A INPUT -p tcp --dport 8080 -j REJECT');
      expect(isBlocked()).toBe(true);
      sh('iptables-legacy -F INPUT');
      expect(from()).toBe('web 198.51.100.2');
    });

    test('does not take what is published at another address of the host', async () => {
      await start(one, [{ hostPort: 8085, hostIp: '127.0.0.1' }]);
      const server = Bun.serve({ port: 8085, hostname: '198.51.100.1', fetch: () => new Response('host') });
      // Not by `get`, which would keep the server from answering.
      const wget = ['timeout', '5', 'busybox', 'wget', '-q', '-O', '-', 'http://198.51.100.1:8085'];
      const client = Bun.spawn(['nsenter', `--net=${outside}`, ...wget]);
      expect(await new Response(client.stdout).text()).toBe('host');
      await server.stop(true);
    });
  });

  test('a checksum is that of the packet', () => {
    // A SYN of 198.51.100.2 to 198.51.100.1, port 8080, as tcpdump saw it leave a network card.
    const packet = Buffer.from(
      '45000028000040004006000' + '0c6336402c63364011f901f90000000010000000050022000abcd0000',
      'hex',
    );
    fillChecksum(packet);
    const checksum = packet.readUInt16BE(36);
    fillChecksum(packet);
    expect(packet.readUInt16BE(36)).toBe(checksum);
    let sum = 6 + 20;
    for (let at = 12; at < packet.length; at += 2) sum += packet.readUInt16BE(at);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    expect(sum).toBe(0xffff);
    const short = Buffer.from('4500', 'hex');
    fillChecksum(short);
    expect(short.toString('hex')).toBe('4500');
  });
}
