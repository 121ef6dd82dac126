import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContainerId, type EndpointId, type NetworkId, newId, silentLogger } from '../base/mod.ts';
import { type BridgeNetwork, type Net, openNet, PortError, type PortRequest, type Sandbox } from './mod.ts';

/**
 * The whole room against the kernel. The file runs itself again in a network and a mount namespace of its own: that
 * one is the "host" of these tests, so that neither the machine's firewall nor its ports matter, or change.
 */
const INSIDE = 'MINKE_NET_TEST_INSIDE';

if (process.env[INSIDE] === undefined) {
  test('the network room holds against the kernel (in a namespace of its own)', () => {
    const argv = ['--net', '--mount', process.execPath, 'test', import.meta.path];
    execFileSync('unshare', argv, {
      env: { ...process.env, [INSIDE]: '1' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }, 120_000);
} else {
  runInside();
}

function sh(command: string): string {
  return execFileSync('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}

/** What a kernel holds of ours. */
function inventory(): string {
  return sh('ip -br link | cut -d" " -f1; nft list ruleset; grep nsfs /proc/self/mounts || true');
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (condition()) return;
    await Bun.sleep(25);
  }
  throw new Error(`it never happened: ${what}`);
}

function runInside(): void {
  const root = mkdtempSync(join(tmpdir(), 'minke-net-'));
  const children: ChildProcess[] = [];
  let net: Net;

  const network = (octet: number, change: Partial<BridgeNetwork> = {}): BridgeNetwork => ({
    id: newId<NetworkId>(),
    name: `n${octet}`,
    bridge: `mnkt${octet}`,
    subnet: `172.31.${octet}.0/24`,
    gateway: `172.31.${octet}.1`,
    icc: true,
    masquerade: true,
    internal: false,
    hostBindingIpv4: '',
    ...change,
  });
  const one = network(71);
  const two = network(72);
  const quiet = network(73, { icc: false });
  const closed = network(74, { internal: true });
  const networks = [one, two, quiet, closed];

  const up: ContainerId[] = [];
  const start = async (on: BridgeNetwork, ports: Partial<PortRequest>[] = [], ipv4?: string) => {
    const id = newId<ContainerId>();
    const endpoint = { endpointId: newId<EndpointId>(), network: on, ...(ipv4 !== undefined && { ipv4 }) };
    const sandbox = await net.setUp({
      id,
      endpoints: [endpoint],
      ports: ports.map((port) => ({ protocol: 'tcp', containerPort: 80, hostIp: '', hostPort: 0, ...port })),
    });
    up.push(id);
    return { id, sandbox, ip: sandbox.endpoints[0]?.ipv4 ?? '' };
  };
  const enter = (sandbox: Sandbox | string, command: string) =>
    sh(`nsenter --net=${typeof sandbox === 'string' ? sandbox : sandbox.netns} ${command}`);
  const reaches = (from: Sandbox | string | undefined, command: string): boolean => {
    try {
      if (from === undefined) sh(command);
      else enter(from, command);
      return true;
    } catch {
      return false;
    }
  };
  /** Serves its own name and who asked, over HTTP at port 80 and UDP at port 53. */
  const serve = async (sandbox: Sandbox, name: string) => {
    const program = `
      require('node:http').createServer((q, r) => r.end('${name} ' + q.socket.remoteAddress)).listen(80, '0.0.0.0');
      const s = require('node:dgram').createSocket('udp4');
      s.on('message', (m, from) => s.send('${name} ' + from.address, from.port, from.address));
      s.bind(53, () => console.log('ready'));`;
    const child = spawn('nsenter', [`--net=${sandbox.netns}`, process.execPath, '-e', program]);
    children.push(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
  };
  const get = (from: Sandbox | string | undefined, url: string): string => {
    const command = `timeout 3 busybox wget -q -O - ${url}`;
    try {
      return from === undefined ? sh(command) : enter(from, command);
    } catch {
      return 'no answer';
    }
  };
  const askUdp = (from: Sandbox | string | undefined, host: string, port: number): string => {
    const program = `const s = require('node:dgram').createSocket('udp4');
      s.on('message', (m) => { console.log(String(m)); s.close(); });
      s.send('?', ${port}, '${host}'); setTimeout(() => process.exit(1), 3000).unref();`;
    const command = `${process.execPath} -e "${program}"`;
    try {
      return (from === undefined ? sh(command) : enter(from, command)).trim();
    } catch {
      return 'no answer';
    }
  };

  const outside = join(root, 'outside');
  beforeAll(async () => {
    sh(`mount --make-rprivate / && ip link set lo up && touch ${outside} && unshare --net=${outside} true`);
    sh(`ip link add out0 type veth peer name eth0 netns ${outside} && ip addr add 198.51.100.1/24 dev out0`);
    sh('ip link set out0 up');
    enter(
      outside,
      'sh -c "ip addr add 198.51.100.2/24 dev eth0 && ip link set eth0 up && ip link set lo up"',
    );
    net = openNet({ execRoot: root, log: silentLogger, tableName: 'minke_test' });
    await net.open();
    for (const each of networks) await net.ensureBridge(each);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    for (const id of up.splice(0)) await net.tearDown(id, undefined);
    expect(readdirSync(join(root, 'netns'))).toEqual([]);
    await until('veths go', () => !sh('ip -br link').includes('veth'));
    expect(
      sh('nft list map inet minke_test publish; nft list map inet minke_test publish_any'),
    ).not.toContain('elements');
  });
  afterAll(async () => {
    for (const each of networks) await net.removeBridge(each);
    await net.close();
    sh(`umount ${outside}; nft delete table inet minke_test`);
    rmSync(root, { recursive: true });
    expect(inventory()).not.toMatch(/mnkt|minke/);
  });

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
      const sandbox = await net.setUp({ id, endpoints: [], ports: [] });
      up.push(id);
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
      await net.tearDown(a.id, a.sandbox);
      expect((await start(one, [], '172.31.71.77')).ip).toBe('172.31.71.77');
    });

    test('is found at once under an address that had another hardware address', async () => {
      const a = await start(one);
      for (const mac of ['02:00:00:00:00:99', undefined]) {
        const id = newId<ContainerId>();
        const endpoint = {
          endpointId: newId<EndpointId>(),
          network: one,
          ipv4: '172.31.71.9',
          ...(mac && { mac }),
        };
        const sandbox = await net.setUp({ id, endpoints: [endpoint], ports: [] });
        expect(sandbox.endpoints[0]?.mac).toBe(mac ?? '02:42:ac:1f:47:09');
        expect(reaches(a.sandbox, 'busybox ping -c1 -W1 172.31.71.9')).toBe(true);
        await net.tearDown(id, sandbox);
      }
    });

    test('comes up again at once under the same ids', async () => {
      const id = newId<ContainerId>();
      const endpointId = newId<EndpointId>();
      up.push(id);
      for (let round = 0; round < 5; round++) {
        const sandbox = await net.setUp({ id, endpoints: [{ endpointId, network: one }], ports: [] });
        expect(reaches(sandbox, 'busybox ping -c1 -W2 172.31.71.1')).toBe(true);
        await net.tearDown(id, sandbox);
        await net.tearDown(id, sandbox);
      }
    });

    test('leaves nothing when it cannot be set up', async () => {
      const before = inventory();
      await expect(start({ ...one, bridge: 'mnkt-none' })).rejects.toThrow('mnkt-none');
      await Bun.sleep(0);
      expect(inventory()).toBe(before);
      expect((await start(one)).ip).toBe('172.31.71.2');
    });
  });

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
      await net.tearDown(first.id, first.sandbox);
      const ask = `
        const s = require('node:dgram').createSocket('udp4');
        s.on('error', () => {});
        s.on('message', (m) => { console.log(String(m)); process.exit(); });
        s.bind(4444, () => setInterval(() => s.send('?', 5353, '198.51.100.1'), 50));`;
      const client = spawn('nsenter', [`--net=${outside}`, process.execPath, '-e', ask]);
      children.push(client);
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

  describe('a daemon that starts again', () => {
    test('takes over what lives and removes what does not', async () => {
      const web = await start(one, [{ hostPort: 8080 }]);
      const dead = await start(one, [{ hostPort: 8081 }]);
      await serve(web.sandbox, 'web');
      await net.close();
      sh('nft flush chain inet minke_test forward');
      net = openNet({ execRoot: root, log: silentLogger, tableName: 'minke_test' });
      await net.open();
      for (const each of networks) await net.ensureBridge(each);
      await net.restore([{ id: web.id, sandbox: web.sandbox }]);
      expect(get(undefined, 'http://127.0.0.1:8080')).toStartWith('web ');
      expect(await (await fetch('http://[::1]:8080')).text()).toStartWith('web ');
      expect(readdirSync(join(root, 'netns'))).toEqual([web.id]);
      expect(sh('ip -br link')).not.toContain(dead.sandbox.endpoints[0]?.hostInterface ?? '?');
      await expect(start(one, [{ hostPort: 8080 }])).rejects.toThrow('port is already allocated');
      await expect(start(one, [], web.ip)).rejects.toThrow('Address already in use');
      await start(one, [{ hostPort: 8081 }]);
    });

    test('puts back table and bridge that somebody removed', async () => {
      const web = await start(one, [{ hostPort: 8080 }]);
      await serve(web.sandbox, 'web');
      sh('nft flush ruleset; ip link del mnkt71');
      expect(get(undefined, 'http://198.51.100.1:8080')).toBe('no answer');
      await net.open();
      await net.restore([{ id: web.id, sandbox: web.sandbox }]);
      expect(get(outside, 'http://198.51.100.1:8080')).toBe('web 198.51.100.2');
      expect(reaches(web.sandbox, 'busybox ping -c1 -W2 198.51.100.2')).toBe(true);
    });
  });

  test("another's chain that drops by policy lets our bridges through, until they are gone", async () => {
    sh(`nft -f - <<'END'
table ip filter {
  chain FORWARD { type filter hook forward priority filter; policy drop; }
}
END`);
    const extra = network(75);
    await net.open();
    await net.ensureBridge(extra);
    await net.ensureBridge(extra);
    const web = await start(extra, [{ hostPort: 8080 }]);
    await serve(web.sandbox, 'web');
    expect(get(outside, 'http://198.51.100.1:8080')).toBe('web 198.51.100.2');
    expect(reaches(web.sandbox, 'busybox ping -c1 -W2 198.51.100.2')).toBe(true);
    expect(sh('nft list chain ip filter FORWARD').match(/minke_test: mnkt75/g)).toHaveLength(2);
    for (const each of networks) await net.removeBridge(each);
    await net.removeBridge(extra);
    expect(sh('nft list chain ip filter FORWARD')).not.toContain('minke_test');
    sh('nft delete table ip filter');
    await net.open();
    for (const each of networks) await net.ensureBridge(each);
  });
}
