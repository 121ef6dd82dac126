import { describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { silentLogger } from '../../base/mod.ts';
import { Nfnetlink } from '../../sys/mod.ts';
import { openNet } from '../mod.ts';
import { isolatedHost, sh } from '../testing/isolated-host.ts';

const host = isolatedHost(import.meta.path, 'the firewall holds beside others');

if (host) {
  const { root, start, reaches, serve, get, outside, networks, network, one, closed } = host;
  const from = () => get(outside, 'http://198.51.100.1:8080');
  /** Sooner given up than `from`: for where no answer is what is wanted. */
  const isBlocked = () => !reaches(outside, 'timeout 1 busybox wget -q -O - http://198.51.100.1:8080');
  const ours = (family: string) => sh(`nft list table ${family} filter`).match(/minke_test[^"]*/g) ?? [];
  const hasIptables = existsSync('/usr/sbin/iptables-nft');

  describe('another’s forward chain', () => {
    const dropping = {
      'by policy': 'chain FORWARD { type filter hook forward priority filter; policy drop; }',
      'by its last rule': `chain FORWARD { type filter hook forward priority filter; policy accept;
          ip saddr 203.0.113.1 accept
          counter reject
        }`,
    };
    for (const [how, chain] of Object.entries(dropping)) {
      test(`that drops ${how} lets our bridges through, until they are gone`, async () => {
        sh(`nft 'table ip filter {\n${chain}\n}'`);
        const extra = network(75);
        await host.net.open();
        await host.net.ensureNetwork(extra);
        await host.net.ensureNetwork(extra);
        const web = await start(extra, [{ hostPort: 8080 }]);
        await serve(web.sandbox, 'web');
        expect(from()).toBe('web 198.51.100.2');
        expect(reaches(web.sandbox, 'busybox ping -c1 -W2 198.51.100.2')).toBe(true);
        expect(ours('ip').filter((comment) => comment.endsWith('mnkt75'))).toHaveLength(2);
        await host.net.tearDown(web.id, web.sandbox);
        await host.net.removeNetwork(extra);
        expect(ours('ip').filter((comment) => comment.endsWith('mnkt75'))).toEqual([]);
        await host.net.takeDown({ foreign: [] });
        expect(ours('ip')).toEqual([]);
        sh('nft delete table ip filter');
        await again();
      });
    }

    test('that drops one address by a rule goes on dropping it', async () => {
      sh(`nft 'table inet admin {
        chain f { type filter hook forward priority filter; policy accept; ip saddr 198.51.100.2 drop; }\n}'`);
      await host.net.open();
      const web = await start(one, [{ hostPort: 8080 }]);
      await serve(web.sandbox, 'web');
      expect(isBlocked()).toBe(true);
      expect(sh('nft list table inet admin')).not.toContain('minke_test');
      sh('nft delete table inet admin');
      expect(from()).toBe('web 198.51.100.2');
    });
  });

  test('a network that goes takes nothing of the one beside it, though its own was never there', async () => {
    await host.net.open();
    const [first, never] = [network(75), network(76)];
    const natted = () => sh('nft list set inet minke_test natted').match(/172\.31\.7[56][^,\s]*/g);
    await host.net.ensureNetwork(first);
    await host.net.removeNetwork(never);
    expect(natted()).toEqual(['172.31.75.0/24']);
    await host.net.ensureNetwork(never);
    expect(natted()).toEqual(['172.31.75.0/24', '172.31.76.0/24']);
    sh('nft delete element inet minke_test natted { 172.31.76.0/24 }');
    await host.net.removeNetwork(never);
    expect(natted()).toEqual(['172.31.75.0/24']);
    await host.net.removeNetwork(first);
  });

  describe('the administrator’s rules', () => {
    test('in MINKE-USER come first, and survive repair, restart and the end of the daemon', async () => {
      const web = await start(one, [{ hostPort: 8080 }]);
      await serve(web.sandbox, 'web');
      sh('nft add rule inet minke_test MINKE-USER ip saddr 198.51.100.2 counter drop');
      expect(isBlocked()).toBe(true);
      sh(
        'nft flush chain inet minke_test ours; nft delete rule inet minke_test forward handle $(nft -a list chain inet minke_test forward | grep "jump ours" | head -1 | sed "s/.*handle //")',
      );
      await host.net.open();
      expect(sh('nft list chain inet minke_test ours')).toContain('ct status dnat accept');
      expect(sh('nft list chain inet minke_test forward').match(/jump ours/g)).toHaveLength(2);
      expect(isBlocked()).toBe(true);
      await host.net.tearDown(web.id, web.sandbox);
      await host.net.takeDown({ foreign: [] });
      expect(sh('nft list table inet minke_test')).toContain('198.51.100.2');
      expect(sh('nft list table inet minke_test')).not.toContain('hook');
      await again();
      expect(sh('nft list chain inet minke_test MINKE-USER')).toContain('198.51.100.2');
      sh('nft flush chain inet minke_test MINKE-USER');
    });

    test('in DOCKER-USER come first where the host uses iptables, and stay when our jump goes', async () => {
      if (!hasIptables) return;
      sh('iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -i lo -j ACCEPT');
      const web = await start(one, [{ hostPort: 8080 }]);
      await serve(web.sandbox, 'web');
      expect(sh('iptables-nft -S FORWARD').split('\n')[1]).toContain('-j DOCKER-USER');
      expect(from()).toBe('web 198.51.100.2');
      sh('iptables-nft -I DOCKER-USER -s 198.51.100.2 -j DROP');
      sh('iptables-nft -I FORWARD -s 203.0.113.7 -j ACCEPT');
      await host.net.open();
      expect(sh('iptables-nft -S FORWARD').split('\n')[1]).toContain('-j DOCKER-USER');
      expect(isBlocked()).toBe(true);
      await host.net.tearDown(web.id, web.sandbox);
      await host.net.takeDown({ foreign: [] });
      const rules = sh('iptables-nft -S');
      expect(rules).toContain('-A DOCKER-USER -s 198.51.100.2/32 -j DROP');
      expect(rules).not.toContain('-j DOCKER-USER');
      expect(ours('ip')).toEqual([]);
      // One that somebody else made stays.
      sh('iptables-nft -I FORWARD -j DOCKER-USER');
      await again();
      expect(sh('iptables-nft -S FORWARD').match(/-j DOCKER-USER/g)).toHaveLength(1);
      await host.net.takeDown({ foreign: [] });
      expect(sh('iptables-nft -S FORWARD')).toContain('-j DOCKER-USER');
      sh('nft delete table ip filter');
      await again();
    });

    test('of iptables-legacy are met too', async () => {
      if (!existsSync('/usr/sbin/iptables-legacy')) return;
      sh('iptables-legacy -P FORWARD DROP');
      await host.net.open();
      const web = await start(one, [{ hostPort: 8080 }]);
      await serve(web.sandbox, 'web');
      expect(from()).toBe('web 198.51.100.2');
      expect(sh('iptables-legacy -S FORWARD').split('\n')[1]).toContain('-j DOCKER-USER');
      sh('iptables-legacy -I DOCKER-USER -s 198.51.100.2 -j DROP');
      expect(isBlocked()).toBe(true);
      await host.net.tearDown(web.id, web.sandbox);
      await host.net.takeDown({ foreign: [] });
      expect(sh('iptables-legacy -S')).not.toMatch(/minke_test|-A FORWARD/);
      sh('iptables-legacy -F; iptables-legacy -X; iptables-legacy -P FORWARD ACCEPT');
      await again();
    });
  });

  test('what was flushed comes back with the next container, and with open', async () => {
    const web = await start(one, [{ hostPort: 8080 }]);
    await serve(web.sandbox, 'web');
    sh('nft flush ruleset');
    expect(isBlocked()).toBe(true);
    await start(one);
    expect(from()).toBe('web 198.51.100.2');
    sh('nft delete table inet minke_test');
    const other = await start(one, [{ hostPort: 8081 }]);
    expect(from()).toBe('web 198.51.100.2');
    sh('nft flush chain inet minke_test forward; nft flush map inet minke_test publish_any');
    await host.net.open();
    await host.net.restore([
      { id: web.id, sandbox: web.sandbox },
      { id: other.id, sandbox: other.sandbox },
    ]);
    expect(from()).toBe('web 198.51.100.2');
  });

  test('a daemon that starts changes nothing where nothing differs', async () => {
    const web = await start(one, [{ hostPort: 8080 }]);
    await host.net.close();
    using socket = new Nfnetlink();
    const generation = socket.generation();
    host.net = openNet({ execRoot: root, log: silentLogger, tableName: 'minke_test' });
    await host.net.open();
    for (const each of networks) await host.net.ensureNetwork(each);
    await host.net.restore([{ id: web.id, sandbox: web.sandbox }]);
    expect(socket.generation()).toBe(generation);
  });

  test('an internal network is left by nothing, not by what it says belongs to a connection', async () => {
    const inside = await start(closed);
    expect(reaches(inside.sandbox, 'ip route add default via 172.31.74.1')).toBe(true);
    expect(reaches(inside.sandbox, 'busybox ping -c1 -W1 198.51.100.2')).toBe(false);
    const rules = sh('nft list chain inet minke_test ours');
    expect(rules.indexOf('@internal')).toBeLessThan(rules.indexOf('ct state'));
    const web = await start(one, [{ hostPort: 8080 }]);
    await serve(web.sandbox, 'web');
    expect(reaches(inside.sandbox, 'timeout 1 busybox wget -q -O - http://198.51.100.1:8080')).toBe(false);
  });

  test('10,000 ports that keep their number are one element, and a few of them can go', async () => {
    const ports = Array.from({ length: 10_000 }, (_, index) => ({
      hostPort: 20_000 + index,
      containerPort: 20_000 + index,
    }));
    const web = await start(one, ports);
    const listed = () => sh('nft list map inet minke_test ranges_any');
    expect(listed()).toContain('tcp . 20000-29999');
    expect(listed().match(/tcp/g)).toHaveLength(1);
    await expect(start(one, [{ hostPort: 25_000 }])).rejects.toThrow('port is already allocated');
    await host.net.tearDown(web.id, web.sandbox);
    expect(listed()).not.toContain('tcp');
  });

  /** What `takeDown` removed is there again. */
  async function again(): Promise<void> {
    await host?.net.open();
    for (const each of networks) await host?.net.ensureNetwork(each);
  }
}
