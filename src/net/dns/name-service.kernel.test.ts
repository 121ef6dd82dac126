import { describe, expect, test } from 'bun:test';
import { type ContainerId, type EndpointId, newId, silentLogger } from '../../base/mod.ts';
import { type BridgeNetwork, type EndpointRequest, openNet, type Sandbox } from '../mod.ts';
import { isolatedHost, sh } from '../testing/isolated-host.ts';

const host = isolatedHost(import.meta.path, 'names follow sandboxes');

if (host) {
  const { root, networks, one, two, closed, enter, up } = host;
  const RESOLVER = { upstreams: [{ address: '198.51.100.1', fromHost: true }], ndotsSet: false };
  const on = (network: BridgeNetwork, names: string[], change: Partial<EndpointRequest> = {}) => ({
    endpointId: newId<EndpointId>(),
    network,
    names,
    resolver: RESOLVER,
    ...change,
  });
  const start = async (...endpoints: EndpointRequest[]) => {
    const id = newId<ContainerId>();
    up.push(id);
    return { id, sandbox: await host.net.setUp({ id, endpoints, ports: [] }) };
  };
  /** What the name means in there: addresses and names, or '' if nobody knows. */
  const look = ({ netns }: Pick<Sandbox, 'netns'>, name: string, type = 'a') => {
    const out = enter(netns, `sh -c "busybox nslookup -type=${type} ${name} 127.0.0.11 || true"`);
    const [, answer = ''] = out.split(/^Address:.*53$/m);
    const found = answer.matchAll(/^(?:Address: |.*name = )(\S+)$/gm);
    return [...found].map(([, value]) => value).join();
  };

  describe('a sandbox in a network with names', () => {
    test('finds its neighbours while they are there, on all its networks', async () => {
      const web = await start(on(one, ['web', 'w']), on(two, ['web2']));
      const a = await start(on(one, ['a'], { links: { store: web.id } }));
      const b = await start(on(two, ['b']));
      expect(look(a.sandbox, 'web')).toBe('172.31.71.2');
      expect(look(a.sandbox, 'W.n71')).toBe('172.31.71.2');
      expect(look(a.sandbox, 'store')).toBe('172.31.71.2');
      expect(look(a.sandbox, '2.71.31.172.in-addr.arpa', 'ptr')).toBe('web.n71');
      expect(look(b.sandbox, 'web')).toBe('');
      expect(look(b.sandbox, 'web2')).toBe('172.31.72.2');
      const second = on(one, ['late']);
      await host.net.connect(b.id, second, []);
      expect(look(b.sandbox, 'web')).toBe('172.31.71.2');
      expect(look(a.sandbox, 'late')).toBe('172.31.71.4');
      await host.net.disconnect(b.id, second.endpointId, []);
      expect([look(b.sandbox, 'web'), look(a.sandbox, 'late')]).toEqual(['', '']);
      await host.net.tearDown(web.id, web.sandbox);
      expect([look(a.sandbox, 'web'), look(a.sandbox, 'store')]).toEqual(['', '']);
    });

    test('has a server only from its first network with names on, and keeps it', async () => {
      const plain = { endpointId: newId<EndpointId>(), network: one, names: [] };
      const { id, sandbox } = await start(plain);
      expect(sandbox.resolver).toBeUndefined();
      expect(enter(sandbox, 'nft list ruleset')).toBe('');
      const second = on(two, ['x']);
      expect((await host.net.connect(id, second, [])).resolver).toEqual(RESOLVER);
      expect(look(sandbox, 'x')).toBe('172.31.72.2');
      expect((await host.net.disconnect(id, second.endpointId, [])).resolver).toEqual(RESOLVER);
    });

    test('is served again by the next daemon', async () => {
      const a = await start(on(one, ['a']));
      const b = await start(on(one, ['b']));
      await host.net.close();
      host.net = openNet({ execRoot: root, log: silentLogger, tableName: 'minke_test' });
      await host.net.open();
      for (const each of networks) await host.net.ensureNetwork(each);
      await host.net.restore([a, b]);
      expect(look(a.sandbox, 'b')).toBe(b.sandbox.endpoints[0]?.ipv4 ?? '?');
      expect(look(b.sandbox, 'a')).toBe(a.sandbox.endpoints[0]?.ipv4 ?? '?');
    });

    test('asks the servers of the host only where it leads out', async () => {
      // The host's server is at an address that the sandboxes could reach, too: it says who asked.
      const program = `const s = require('node:dgram').createSocket('udp4');
        s.on('message', (q, from) => {
          const end = 12 + q.subarray(12).indexOf(0) + 5;
          const head = Buffer.from(q.subarray(0, end)); head[2] = 0x81; head[7] = 1; head.fill(0, 8, 12);
          const ip = from.address.split('.').map(Number);
          s.send(Buffer.concat([head, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, ...ip])]), from.port, from.address);
        });
        s.bind(53, '198.51.100.1', () => console.log('ready'));`;
      const child = Bun.spawn([process.execPath, '-e', program], { stdout: 'pipe' });
      try {
        await child.stdout.getReader().read();
        const open = await start(on(one, ['open']));
        const shut = await start(on(closed, ['shut']));
        expect(look(open.sandbox, 'example.org')).toBe('198.51.100.1');
        expect(look(shut.sandbox, 'example.org')).toBe('');
        expect(look(shut.sandbox, 'shut')).toMatch(/^172\.31\.74\./);
        await host.net.connect(shut.id, on(one, ['shut']), []);
        expect(look(shut.sandbox, 'example.org')).toBe('198.51.100.1');
        const chosen = { upstreams: [{ address: '198.51.100.1', fromHost: false }], ndotsSet: false };
        const inside = await start(on(one, ['inside'], { resolver: chosen }));
        expect(look(inside.sandbox, 'example.org')).toBe(inside.sandbox.endpoints[0]?.ipv4 ?? '?');
      } finally {
        child.kill();
        await child.exited;
      }
      expect(sh('ss -Hnlu sport = 53')).toBe('');
    });
  });
}
