import { describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isolatedHost, sh } from '../testing/isolated-host.ts';

const host = isolatedHost(import.meta.path, 'what an administrator takes away comes back');

if (host) {
  const { enter, reaches, start, network } = host;
  const lan = network(75, { ipv6: { subnet: 'fd75::/64', gateway: 'fd75::1' } });
  host.networks.push(lan);

  describe('a bridge deleted by hand', () => {
    test('is made anew by the next start, and all that were on it are on it again', async () => {
      const a = await start(lan);
      const answers = () =>
        reaches(a.sandbox, 'busybox ping -c1 -W1 172.31.75.1') &&
        reaches(a.sandbox, 'busybox ping -6 -c1 -W1 fd75::1');
      expect(answers()).toBe(true);
      sh('ip link del mnkt75');
      expect(answers()).toBe(false);
      const b = await start(lan);
      // At once, though it knows the bridge's hardware address from before.
      expect(answers()).toBe(true);
      expect(reaches(a.sandbox, `busybox ping -c1 -W1 ${b.ip}`)).toBe(true);
      expect(sh('ip -br link show master mnkt75').trim().split('\n').length).toBe(2);
    });

    test('is made anew where it was only emptied: addresses of both families', async () => {
      sh('ip addr flush dev mnkt75 && ip link set mnkt75 down');
      await host.net.ensureNetwork(lan);
      const a = await start(lan);
      expect(reaches(a.sandbox, 'busybox ping -c1 -W2 172.31.75.1')).toBe(true);
      expect(reaches(a.sandbox, 'busybox ping -6 -c1 -W2 fd75::1')).toBe(true);
    });
  });

  test('a namespace that somebody unmounted: the container is taken down all the same, and starts again', async () => {
    const a = await start(lan);
    sh(`umount ${a.sandbox.netns}`);
    const request = { endpointId: 'ab'.repeat(32) as never, network: host.two, names: [] };
    await expect(host.net.connect(a.id, request, [])).rejects.toThrow();
    // The address that the change had reserved is free again.
    const other = await start(host.two);
    expect(other.ip).toBe('172.31.72.2');
    await host.net.tearDown(a.id, a.sandbox);
    expect(readdirSync(join(host.root, 'netns'))).not.toContain(a.id);
    expect((await start(lan)).ip).toBe('172.31.75.2');
  });

  test('a veth that somebody deleted: the container is taken down all the same', async () => {
    const a = await start(lan);
    sh(`ip link del ${a.sandbox.endpoints[0]?.hostInterface}`);
    expect(enter(a.sandbox, 'ip -br link')).not.toContain('eth0');
    await host.net.restore([{ id: a.id, sandbox: a.sandbox }]);
    await host.net.tearDown(a.id, a.sandbox);
    expect((await start(lan)).ip).toBe('172.31.75.2');
  });
}
