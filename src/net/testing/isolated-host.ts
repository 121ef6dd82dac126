import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContainerId, type EndpointId, type NetworkId, newId, silentLogger } from '../../base/mod.ts';
import {
  type BridgeNetwork,
  type HostPolicy,
  type Net,
  type Network,
  openNet,
  type PortRequest,
  type Sandbox,
} from '../mod.ts';

const INSIDE = 'MINKE_NET_TEST_INSIDE';

/**
 * For tests of the whole room against the kernel. The test file `path` runs itself again in a network and a mount
 * namespace of its own: that one is the "host", so that neither the machine's firewall nor its ports matter, or
 * change. Gives undefined outside, where only one test is defined: that the inner run succeeds.
 */
export function isolatedHost(path: string, title: string) {
  if (process.env[INSIDE] !== undefined) return createHost();
  test(`${title} (in a namespace of its own)`, () => {
    const env = { ...process.env, [INSIDE]: '1' };
    // Bun's own limit, 5 seconds, is too little for a test that starts programs on a busy machine.
    const argv = ['--net', '--mount', process.execPath, 'test', '--timeout=60000', path];
    execFileSync('unshare', argv, { env, stdio: ['ignore', 'inherit', 'inherit'] });
  }, 300_000);
  return undefined;
}

/** Output of a shell command; throws if it fails. */
export function sh(command: string): string {
  return execFileSync('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}

/** The links, rules and pinned namespaces there are. */
export function inventory(): string {
  return sh('ip -br link | cut -d" " -f1; nft list ruleset; grep nsfs /proc/self/mounts || true');
}

export async function until(what: string, condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (condition()) return;
    await Bun.sleep(25);
  }
  throw new Error(`it never happened: ${what}`);
}

function createHost() {
  const root = mkdtempSync(join(tmpdir(), 'minke-net-'));
  const children: ChildProcess[] = [];
  let net: Net;

  const network = (octet: number, change: Partial<BridgeNetwork> = {}): BridgeNetwork => ({
    driver: 'bridge',
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
  const start = async (on: Network, ports: Partial<PortRequest>[] = [], ipv4?: string) => {
    const id = newId<ContainerId>();
    const endpointId = newId<EndpointId>();
    const endpoint = { endpointId, network: on, names: [], ...(ipv4 !== undefined && { ipv4 }) };
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
      const web = require('node:http').createServer((q, r) => r.end('${name} ' + q.socket.remoteAddress));
      const s = require('node:dgram').createSocket('udp4');
      s.on('message', (m, from) => s.send('${name} ' + from.address, from.port, from.address));
      s.bind(53, () => web.listen(80, '0.0.0.0', () => console.log('ready')));`;
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

  /** As a daemon starts that knows of no container. */
  const openAs = async (policy: Partial<HostPolicy>) => {
    const host = { iptables: true, ip6tables: true, ipForward: true, respectFirewall: false, ...policy };
    net = openNet({ execRoot: root, log: silentLogger, tableName: 'minke_test', host });
    await net.open();
    for (const each of networks) await net.ensureNetwork(each);
    await net.restore([]);
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
    await openAs({});
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
      sh('for map in publish publish_any; do nft list map inet minke_test $map 2>&1 || true; done'),
    ).not.toContain('elements');
  });
  afterAll(async () => {
    for (const each of networks) await net.removeNetwork(each);
    await net.close();
    sh(`umount ${outside}; nft delete table inet minke_test || true`);
    rmSync(root, { recursive: true });
    expect(inventory()).not.toMatch(/mnkt|minke/);
  });

  return {
    root,
    networks,
    network,
    one,
    two,
    quiet,
    closed,
    outside,
    children,
    up,
    start,
    enter,
    reaches,
    serve,
    get,
    askUdp,
    openAs,
    get net() {
      return net;
    },
    /** The room of the next life of the daemon. */
    set net(next: Net) {
      net = next;
    },
  };
}
