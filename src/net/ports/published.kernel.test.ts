import { describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { isolatedHost } from '../testing/isolated-host.ts';
import { PortError } from './port-error.ts';

const host = isolatedHost(import.meta.path, 'published ports hold against the kernel');

if (host) {
  const { start, enter, reaches, serve, get, askUdp, outside, one, two, quiet } = host;

  describe('a published port', () => {
    for (const filtered of ['1', '0']) {
      test(`answers from everywhere (bridge-nf-call-iptables=${filtered})`, async () => {
        writeFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', filtered);
        const web = await start(one, [{ hostPort: 8080 }]);
        const neighbour = await start(one);
        const stranger = await start(two);
        await serve(web.sandbox, 'web');
        expect(web.sandbox.ports.map((port) => port.hostIp)).toEqual(['0.0.0.0', '::']);
        expect(get(undefined, 'http://127.0.0.1:8080')).toBe('web 172.31.71.1');
        expect(await (await fetch('http://[::1]:8080')).text()).toBe('web 172.31.71.1');
        expect(get(undefined, 'http://198.51.100.1:8080')).toStartWith('web ');
        expect(get(outside, 'http://198.51.100.1:8080')).toBe('web 198.51.100.2');
        for (const [who, sandbox] of Object.entries({ neighbour, stranger, itself: web })) {
          for (const address of ['198.51.100.1', '172.31.71.1']) {
            const answer = get(sandbox.sandbox, `http://${address}:8080`);
            expect([who, address, answer]).toEqual([who, address, expect.stringMatching(/^web /)]);
          }
        }
        writeFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', '1');
      });
    }

    test('answers a neighbour of a network without icc', async () => {
      const web = await start(quiet, [{ hostPort: 8080 }]);
      const neighbour = await start(quiet);
      await serve(web.sandbox, 'web');
      for (const filtered of ['0', '1']) {
        writeFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', filtered);
        for (const address of ['198.51.100.1', '172.31.73.1']) {
          const answer = get(neighbour.sandbox, `http://${address}:8080`);
          expect([filtered, address, answer]).toEqual([filtered, address, expect.stringMatching(/^web /)]);
        }
        expect(reaches(neighbour.sandbox, `busybox ping -c1 -W1 ${web.ip}`)).toBe(false);
      }
    });

    test('at 127.0.0.1 answers there only', async () => {
      const web = await start(one, [{ hostPort: 8080, hostIp: '127.0.0.1' }]);
      await serve(web.sandbox, 'web');
      expect(get(undefined, 'http://127.0.0.1:8080')).toStartWith('web ');
      expect(get(undefined, 'http://198.51.100.1:8080')).toBe('no answer');
      expect(get(outside, 'http://198.51.100.1:8080')).toBe('no answer');
      enter(
        outside,
        'sh -c "ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.0/8 via 198.51.100.1; sysctl -qw net.ipv4.conf.all.route_localnet=1"',
      );
      expect(get(outside, 'http://127.0.0.1:8080')).toBe('no answer');
    });

    test('over UDP answers, also a client that asked before it was there', async () => {
      const first = await start(one, [{ hostPort: 5353, containerPort: 53, protocol: 'udp' }]);
      await serve(first.sandbox, 'first');
      expect(askUdp(undefined, '127.0.0.1', 5353)).toBe('first 172.31.71.1');
      expect(askUdp(outside, '198.51.100.1', 5353)).toBe('first 198.51.100.2');
      await host.net.tearDown(first.id, first.sandbox);
      const ask = `
        const s = require('node:dgram').createSocket('udp4');
        s.on('error', () => {});
        s.on('message', (m) => { console.log(String(m)); process.exit(); });
        s.bind(4444, () => setInterval(() => s.send('?', 5353, '198.51.100.1'), 50));`;
      const client = spawn('nsenter', [`--net=${outside}`, process.execPath, '-e', ask]);
      host.children.push(client);
      const answer = new Promise((resolve) => client.stdout.once('data', resolve));
      await Bun.sleep(300);
      const second = await start(one, [{ hostPort: 5353, containerPort: 53, protocol: 'udp' }]);
      await serve(second.sandbox, 'second');
      expect(String(await answer)).toStartWith('second 198.51.100.2');
    });

    test('that is taken is refused with the sentence of Docker', async () => {
      await start(one, [{ hostPort: 8080 }]);
      const error = await start(two, [{ hostPort: 8080, hostIp: '198.51.100.1' }]).catch((e: unknown) => e);
      if (!(error instanceof PortError)) throw error;
      expect(error.message).toBe('Bind for 198.51.100.1:8080 failed: port is already allocated');
      expect((await start(two, [{ hostPort: 8080, protocol: 'udp' }])).sandbox.ports).toHaveLength(2);
      const server = Bun.serve({ port: 8081, hostname: '0.0.0.0', fetch: () => new Response('') });
      const other = await start(two, [{ hostPort: 8081 }]).catch((e: unknown) => e);
      expect(String(other)).toContain('failed to bind host port 0.0.0.0:8081/tcp: address already in use');
      const ranged = await start(two, [{ hostPort: [8080, 8085] }]);
      expect(ranged.sandbox.ports[0]?.hostPort).toBe(8082);
      await server.stop(true);
      await expect(start(two, [{ hostPort: 1, hostIp: '203.0.113.9' }])).rejects.toThrow(
        'failed to bind host port 203.0.113.9:1/tcp: cannot assign requested address',
      );
    });

    test('is chosen where none is named, and 3,000 of them work', async () => {
      const many = Array.from({ length: 3000 }, (_, index) => ({ containerPort: index + 1 }));
      const web = await start(one, many);
      await serve(web.sandbox, 'web');
      const port = web.sandbox.ports.find((each) => each.containerPort === 80);
      expect(port?.hostPort).toBeGreaterThanOrEqual(32768);
      expect(get(undefined, `http://127.0.0.1:${port?.hostPort}`)).toStartWith('web ');
    });
  });
}
