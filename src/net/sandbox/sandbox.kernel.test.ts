import { describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { type ContainerId, type EndpointId, newId } from '../../base/mod.ts';
import { inventory, isolatedHost } from '../testing/isolated-host.ts';

const host = isolatedHost(import.meta.path, 'sandboxes hold against the kernel');

if (host) {
  const { start, enter, reaches, outside, one, two, quiet, closed } = host;

  describe('a sandbox', () => {
    test('has an address, a route, and no IPv6 beyond its loopback', async () => {
      const { sandbox, ip } = await start(one);
      expect(ip).toBe('172.31.71.2');
      expect(enter(sandbox, 'ip -br addr')).toMatch(
        /^lo +UNKNOWN +127.0.0.1\/8 ::1\/128 \neth0@\S+ +UP +172.31.71.2\/24 \n$/,
      );
      expect(enter(sandbox, 'ip route')).toContain('default via 172.31.71.1 dev eth0');
      expect(sandbox.endpoints[0]?.mac).toBe('02:42:ac:1f:47:02');
      expect(enter(sandbox, 'ip link show eth0')).toContain('02:42:ac:1f:47:02');
    });

    test('has only lo when it has no endpoint', async () => {
      const id = newId<ContainerId>();
      const sandbox = await host.net.setUp({ id, endpoints: [], ports: [] });
      host.up.push(id);
      expect(enter(sandbox, 'ip -br link')).toMatch(/^lo .*\n$/);
    });

    test('reaches its neighbours, the host, and the outside behind the address of the host', async () => {
      const a = await start(one);
      const b = await start(one);
      for (const to of [b.ip, '172.31.71.1', '198.51.100.1', '198.51.100.2']) {
        expect([to, reaches(a.sandbox, `busybox ping -c1 -W2 ${to}`)]).toEqual([to, true]);
      }
    });

    test('does not reach another network, nor is it reached from outside unless published', async () => {
      const a = await start(one);
      const b = await start(two);
      expect(reaches(a.sandbox, `busybox ping -c1 -W1 ${b.ip}`)).toBe(false);
      enter(outside, 'ip route add 172.31.71.0/24 via 198.51.100.1');
      expect(reaches(outside, `busybox ping -c1 -W1 ${a.ip}`)).toBe(false);
    });

    test('does not reach a neighbour without icc, with and without bridged packets filtered', async () => {
      const a = await start(quiet);
      const b = await start(quiet);
      for (const filtered of ['1', '0']) {
        writeFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', filtered);
        expect(reaches(a.sandbox, `busybox ping -c1 -W1 ${b.ip}`)).toBe(false);
        expect(reaches(a.sandbox, 'busybox ping -c1 -W2 198.51.100.2')).toBe(true);
      }
      writeFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', '1');
    });

    test('of an internal network reaches neighbours and nothing else', async () => {
      const a = await start(closed, [{ hostPort: 8080 }]);
      const b = await start(closed);
      expect(a.sandbox.ports).toEqual([]);
      expect(enter(a.sandbox, 'ip route')).not.toContain('default');
      expect(reaches(a.sandbox, `busybox ping -c1 -W2 ${b.ip}`)).toBe(true);
      enter(a.sandbox, 'ip route add default via 172.31.74.1');
      expect(reaches(a.sandbox, 'busybox ping -c1 -W1 198.51.100.2')).toBe(false);
    });

    test('gets the address asked for, and the refusal of Docker when it is taken', async () => {
      const a = await start(one, [], '172.31.71.77');
      expect(a.ip).toBe('172.31.71.77');
      await expect(start(one, [], '172.31.71.77')).rejects.toThrow('Address already in use');
      await host.net.tearDown(a.id, a.sandbox);
      expect((await start(one, [], '172.31.71.77')).ip).toBe('172.31.71.77');
    });

    test('is found at once under an address that had another hardware address', async () => {
      const a = await start(one);
      for (const mac of ['02:00:00:00:00:99', undefined]) {
        const id = newId<ContainerId>();
        const endpoint = {
          endpointId: newId<EndpointId>(),
          network: one,
          names: [],
          ipv4: '172.31.71.9',
          ...(mac && { mac }),
        };
        const sandbox = await host.net.setUp({ id, endpoints: [endpoint], ports: [] });
        expect(sandbox.endpoints[0]?.mac).toBe(mac ?? '02:42:ac:1f:47:09');
        expect(reaches(a.sandbox, 'busybox ping -c1 -W1 172.31.71.9')).toBe(true);
        await host.net.tearDown(id, sandbox);
      }
    });

    test('comes up again at once under the same ids', async () => {
      const id = newId<ContainerId>();
      const endpointId = newId<EndpointId>();
      host.up.push(id);
      for (let round = 0; round < 5; round++) {
        const sandbox = await host.net.setUp({
          id,
          endpoints: [{ endpointId, network: one, names: [] }],
          ports: [],
        });
        expect(reaches(sandbox, 'busybox ping -c1 -W2 172.31.71.1')).toBe(true);
        await host.net.tearDown(id, sandbox);
        await host.net.tearDown(id, sandbox);
      }
    });

    test('leaves nothing when it cannot be set up', async () => {
      const before = inventory();
      // A port of what is no bridge.
      await expect(start({ ...one, bridge: 'out0' })).rejects.toThrow('add veth');
      await Bun.sleep(0);
      expect(inventory()).toBe(before);
      expect((await start(one)).ip).toBe('172.31.71.2');
    });
  });
}
