import { describe, expect, test } from 'bun:test';
import { type EndpointId, newId } from '../../base/mod.ts';
import type { BridgeNetwork, EndpointRequest, PortRequest, Sandbox } from '../mod.ts';
import { isolatedHost, sh, until } from '../testing/isolated-host.ts';

const host = isolatedHost(import.meta.path, 'endpoints come and go while a sandbox is up');

const PORT: PortRequest = { protocol: 'tcp', containerPort: 80, hostIp: '', hostPort: 8085 };

if (host) {
  const { start, enter, reaches, serve, get, one, two, closed } = host;
  const on = (network: BridgeNetwork, change: Partial<EndpointRequest> = {}): EndpointRequest => ({
    endpointId: newId<EndpointId>(),
    network,
    names: [],
    ...change,
  });
  const route = (sandbox: Sandbox) => /default via (\S+)/.exec(enter(sandbox, 'ip route'))?.[1];
  const links = (sandbox: Sandbox) =>
    enter(sandbox, 'ip -br link')
      .split('\n')
      .flatMap((line) => /^\w+/.exec(line)?.[0] ?? []);

  describe('a running sandbox', () => {
    test('has a second network after connect, with the lowest free name, and loses it after disconnect', async () => {
      const a = await start(one);
      const b = await start(two);
      enter(a.sandbox, 'ip link add eth1 type bridge');
      const after = await host.net.connect(a.id, on(two), []);
      expect(after.endpoints.map((one) => one.interface)).toEqual(['eth0', 'eth2']);
      expect(reaches(a.sandbox, `busybox ping -c1 -W2 ${b.ip}`)).toBe(true);
      expect(route(a.sandbox)).toBe('172.31.71.1');
      const last = await host.net.disconnect(a.id, after.endpoints[1]?.endpointId ?? '', []);
      expect(last.endpoints).toHaveLength(1);
      expect(links(a.sandbox)).toEqual(['lo', 'eth0', 'eth1']);
      expect(await host.net.disconnect(a.id, 'gone', [])).toEqual(last);
    });

    test('has its default route and its published ports by the network of the highest priority', async () => {
      const a = await start(one, [PORT]);
      await serve(a.sandbox, 'web');
      const published = () => sh('nft list map inet minke_test publish_any');
      expect(published()).toContain(a.ip);
      const second = on(two, { gatewayPriority: 1 });
      const after = await host.net.connect(a.id, second, [PORT]);
      expect(route(a.sandbox)).toBe('172.31.72.1');
      expect(published()).toContain('172.31.72.2');
      expect(after.ports).toEqual(a.sandbox.ports);
      expect(get(host.outside, 'http://198.51.100.1:8085')).toStartWith('web');
      await host.net.disconnect(a.id, second.endpointId, [PORT]);
      expect(route(a.sandbox)).toBe('172.31.71.1');
      expect(published()).toContain(a.ip);
      expect(get(host.outside, 'http://198.51.100.1:8085')).toStartWith('web');
    });

    test('publishes its ports once it is in a network that is not internal, and no longer', async () => {
      const a = await start(closed, [PORT]);
      expect([a.sandbox.ports, route(a.sandbox)]).toEqual([[], undefined]);
      const second = on(one);
      const after = await host.net.connect(a.id, second, [PORT]);
      expect([after.ports.length > 0, route(a.sandbox)]).toEqual([true, '172.31.71.1']);
      const last = await host.net.disconnect(a.id, second.endpointId, [PORT]);
      expect([last.ports, route(a.sandbox)]).toEqual([[], undefined]);
    });

    test('is as it was when a connect fails, at whatever step', async () => {
      const taken = await start(two, [PORT]);
      const a = await start(closed, [PORT]);
      for (const [request, why] of [
        [on(one), 'port is already allocated'],
        [on({ ...two, bridge: 'out0' }), 'add veth'],
        [on(two, { ipv4: taken.ip }), 'already in use'],
      ] as const) {
        await expect(host.net.connect(a.id, request, [PORT])).rejects.toThrow(why);
        expect([links(a.sandbox), route(a.sandbox)]).toEqual([['lo', 'eth0'], undefined]);
      }
      await until('the pair is gone', () => sh('ip -br link').split('veth').length === 3);
      // Its addresses were given back.
      expect((await start(one)).ip).toBe('172.31.71.2');
    });

    test('is put right by restore when a change was cut off', async () => {
      const a = await start(one, [PORT]);
      const before = { ...a.sandbox, changing: true };
      await host.net.connect(a.id, on(two, { gatewayPriority: 5 }), [PORT]);
      await host.net.restore([{ id: a.id, sandbox: before }]);
      expect([links(a.sandbox), route(a.sandbox)]).toEqual([['lo', 'eth0'], '172.31.71.1']);
      expect(sh('nft list map inet minke_test publish_any')).toContain(a.ip);
    });
  });

  test('a sandbox that is set up in several networks has eth0 by the one with the default route', async () => {
    const a = await start(one);
    await host.net.tearDown(a.id, a.sandbox);
    const endpoints = [on(closed), on(two), on(one, { gatewayPriority: -1 })];
    const sandbox = await host.net.setUp({ id: a.id, endpoints, ports: [] });
    expect(sandbox.endpoints.map(({ interface: name, ipv4 }) => `${name} ${ipv4}`)).toEqual([
      'eth0 172.31.72.2',
      'eth1 172.31.74.2',
      'eth2 172.31.71.2',
    ]);
    expect(route(sandbox)).toBe('172.31.72.1');
  });
}
