import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContainerId, newId, silentLogger } from '../../base/mod.ts';
import {
  closeFd,
  closeNamespace,
  connectInet,
  createNamespace,
  openNamespace,
  pinNamespace,
  Rtnetlink,
  receiveSome,
  sendSome,
  setLink,
  unpinNamespace,
  visitNamespace,
} from '../../sys/mod.ts';
import { TYPE } from './message.ts';
import { Names } from './names.ts';
import type { SandboxView } from './protocol.ts';
import { SERVER_ADDRESS } from './redirect.ts';
import { queryBytes, readReply } from './testing.ts';

const root = mkdtempSync(join(tmpdir(), 'minke-names-'));
const children: { kill(signal: 'SIGKILL'): boolean }[] = [];
let names: Names;

beforeEach(() => {
  names = new Names(silentLogger);
});
afterEach(() => {
  names.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const file of readdirSync(root)) {
    unpinNamespace(join(root, file));
    rmSync(join(root, file));
  }
});
afterAll(() => rmSync(root, { recursive: true }));

/** A namespace with `lo` up, pinned. */
function sandbox(): { id: ContainerId; path: string } {
  const id = newId<ContainerId>();
  const path = join(root, id);
  const { fd, made } = createNamespace(() => new Rtnetlink());
  using inside = made;
  inside.request(setLink(1, { up: true }));
  pinNamespace(fd, path);
  closeNamespace(fd);
  return { id, path };
}

const view = (change: Partial<SandboxView> = {}): SandboxView => ({
  networks: [{ id: 'n', links: [] }],
  upstreams: [],
  reachesOutside: true,
  ndotsSet: false,
  ...change,
});

const host = (name: string, ipv4: string) => ({
  networkId: 'n',
  networkName: 'net',
  endpointId: name,
  containerId: name,
  names: [name],
  ipv4,
});

function connect(path: string, protocol: 'udp' | 'tcp', address = SERVER_ADDRESS): number {
  const namespace = openNamespace(path);
  try {
    return visitNamespace(namespace, () => connectInet(protocol, address, 53));
  } finally {
    closeNamespace(namespace);
  }
}

const buffer = Buffer.alloc(70_000);

/** What comes within some seconds; `again` is sent each second, as a resolver does: a datagram may be lost. */
async function receive(fd: number, again?: Uint8Array): Promise<Buffer> {
  for (let attempt = 1; attempt < 10_000; attempt++) {
    const length = receiveSome(fd, buffer);
    if (length >= 0) return Buffer.from(buffer.subarray(0, length));
    if (again && attempt % 500 === 0) sendSome(fd, again);
    await Bun.sleep(1);
  }
  throw new Error('no answer');
}

async function ask(path: string, name: string, type: number = TYPE.A, address = SERVER_ADDRESS) {
  const fd = connect(path, 'udp', address);
  try {
    const query = queryBytes(name, type);
    sendSome(fd, query);
    return readReply(await receive(fd, query));
  } finally {
    closeFd(fd);
  }
}

async function askTcp(path: string, ...queries: Uint8Array[]) {
  const fd = connect(path, 'tcp');
  try {
    const framed = queries.map((each) =>
      Buffer.concat([Buffer.of(each.length >> 8, each.length & 255), each]),
    );
    while (sendSome(fd, Buffer.concat(framed)) < 0) await Bun.sleep(1);
    let all = Buffer.alloc(0);
    const replies: ReturnType<typeof readReply>[] = [];
    while (replies.length < queries.length) {
      const chunk = await receive(fd);
      if (chunk.length === 0) throw new Error('the connection was closed');
      all = Buffer.concat([all, chunk]);
      while (all.length >= 2 && all.length >= 2 + all.readUInt16BE(0)) {
        replies.push(readReply(all.subarray(2, 2 + all.readUInt16BE(0))));
        all = all.subarray(2 + all.readUInt16BE(0));
      }
    }
    return replies;
  } finally {
    closeFd(fd);
  }
}

/** Says that it sends no more before the answer is there, as `nc` does. */
async function askAndHangUp(path: string, name: string) {
  const query = queryBytes(name, TYPE.A);
  const program = `const s = require('node:net').connect({ port: 53, host: '127.0.0.11', allowHalfOpen: true }, () =>
    s.end(Buffer.from('${Buffer.concat([Buffer.of(0, query.length), query]).toString('hex')}', 'hex')));
    s.on('data', (d) => console.log(d.toString('hex')));`;
  const { promise, resolve } = Promise.withResolvers<string>();
  const child = spawn('nsenter', [`--net=${path}`, process.execPath, '-e', program]);
  child.stdout.once('data', (data) => resolve(String(data)));
  children.push(child);
  return readReply(Buffer.from((await promise).trim(), 'hex').subarray(2));
}

/** A name server in another process: says its own name as text of a TXT-less A record, or nothing, or a failure. */
async function upstream(path: string, address: string, manner: 'answers' | 'silent' | 'fails' | 'cuts') {
  const program = `
    const dgram = require('node:dgram'), net = require('node:net');
    const answer = (q, tcp) => {
      const end = 12 + q.subarray(12).indexOf(0) + 5;
      const head = Buffer.from(q.subarray(0, end));
      head[2] = 0x81; head[3] = ${manner === 'fails' ? 2 : 0}; head.fill(0, 6, 12);
      if (${manner === 'fails'}) return head;
      if (${manner === 'cuts'} && !tcp) { head[2] = 0x83; return head; }
      head[7] = 1;
      const last = tcp ? 2 : 1;
      return Buffer.concat([head, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 203, 0, 113, last])]);
    };
    const s = dgram.createSocket('udp4');
    s.on('message', (q, from) => { if (${manner !== 'silent'}) s.send(answer(q, false), from.port, from.address); });
    s.bind(53, '${address}', () => net.createServer((c) => c.on('data', (d) => {
      const a = answer(d.subarray(2), true);
      if (${manner !== 'silent'}) c.write(Buffer.concat([Buffer.from([a.length >> 8, a.length & 255]), a]));
    })).listen(53, '${address}', () => console.log('ready')));`;
  const child = spawn('nsenter', [`--net=${path}`, process.execPath, '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
}

const inside = (...addresses: string[]) => addresses.map((address) => ({ address, fromHost: false }));

describe('the name server of a sandbox', () => {
  test('answers over UDP and TCP, and as its resolver library understands it', async () => {
    const { id, path } = sandbox();
    names.addHost(host('web', '172.18.0.2'));
    names.serve(id, path, view());
    expect(await ask(path, 'web')).toMatchObject({ answers: ['172.18.0.2'], ttls: [600] });
    const many = Array.from({ length: 300 }, () => queryBytes('web', TYPE.A));
    expect((await askTcp(path, ...many)).map(({ answers }) => answers[0])).toEqual(
      many.map(() => '172.18.0.2'),
    );
    const program = `const { Resolver } = require('node:dns/promises');
      const r = new Resolver(); r.setServers(['127.0.0.11']);
      (async () => { console.log(JSON.stringify([await r.resolve4('WEB.net', { ttl: true }),
        await r.reverse('172.18.0.2'), await r.resolve4('nobody').catch((e) => e.code)])); })();`;
    const stdout = execFileSync('nsenter', [`--net=${path}`, process.execPath, '-e', program]);
    expect(JSON.parse(stdout.toString())).toEqual([
      [{ address: '172.18.0.2', ttl: 600 }],
      ['web.net'],
      'ESERVFAIL',
    ]);
  });

  test('hears of hosts and of what it may see before the next query, and serves each sandbox for itself', async () => {
    const one = sandbox();
    const two = sandbox();
    names.serve(one.id, one.path, view());
    names.serve(two.id, two.path, view({ networks: [] }));
    for (let round = 0; round < 200; round++) {
      names.addHost(host('late', `172.18.0.${round}`));
      expect((await ask(one.path, 'late')).answers).toEqual([`172.18.0.${round}`]);
    }
    expect((await ask(two.path, 'late')).rcode).toBe(2);
    names.serve(two.id, two.path, view());
    expect((await ask(two.path, 'late')).answers).toEqual(['172.18.0.199']);
    names.removeHost({ networkId: 'n', endpointId: 'late' });
    expect((await ask(one.path, 'late')).rcode).toBe(2);
  });

  test('leaves port 53 to a container that is a DNS server itself', async () => {
    const { id, path } = sandbox();
    names.addHost(host('web', '172.18.0.2'));
    names.serve(id, path, view());
    await upstream(path, '0.0.0.0', 'answers');
    expect((await ask(path, 'web')).answers).toEqual(['172.18.0.2']);
    expect((await ask(path, 'web', TYPE.A, Uint8Array.of(127, 0, 0, 1))).answers).toEqual(['203.0.113.1']);
  });

  test('works where the container tracks connections and drops what is none', async () => {
    const { id, path } = sandbox();
    const rules = `table inet own {
      chain in { type filter hook input priority 0; policy drop; ct state established,new accept; }
      chain out { type filter hook output priority 0; policy drop; ct state established,new accept; }
    }`;
    execFileSync('nsenter', [`--net=${path}`, 'nft', '-f', '-'], { input: rules });
    names.addHost(host('web', '172.18.0.2'));
    names.serve(id, path, view());
    expect((await ask(path, 'web')).answers).toEqual(['172.18.0.2']);
    expect((await askTcp(path, queryBytes('web', TYPE.A)))[0]?.answers).toEqual(['172.18.0.2']);
    const listed = execFileSync('nsenter', [
      `--net=${path}`,
      'nft',
      'list',
      'table',
      'ip',
      'minke_dns',
    ]).toString();
    expect(listed).toMatch(/ip daddr 127\.0\.0\.11 .*udp dport set|udp dport 53/);
    expect(listed.match(/set/g)).toHaveLength(4);
  });

  test('is opened anew by the next daemon, and its rules replaced', async () => {
    const { id, path } = sandbox();
    for (let life = 0; life < 3; life++) {
      names.addHost(host('web', '172.18.0.2'));
      names.serve(id, path, view());
      expect((await ask(path, 'web')).answers).toEqual(['172.18.0.2']);
      const listed = execFileSync('nsenter', [`--net=${path}`, 'nft', 'list', 'ruleset']).toString();
      expect(listed.match(/set/g)).toHaveLength(4);
      names.close();
      names = new Names(silentLogger);
    }
  });

  test('asks servers in order: past one that refuses, over the protocol of the client, with the answer as it is', async () => {
    const { id, path } = sandbox();
    await upstream(path, '127.0.0.2', 'fails');
    await upstream(path, '127.0.0.3', 'cuts');
    names.serve(id, path, view({ upstreams: inside('127.0.0.4', '127.0.0.2', '127.0.0.3') }));
    // Nobody is at 127.0.0.4, 127.0.0.2 says SERVFAIL.
    const reply = await ask(path, 'example.org');
    expect(reply).toMatchObject({ cut: true, rcode: 0, answers: [] });
    const [whole] = await askTcp(path, queryBytes('example.org', TYPE.A, { id: 4711 }));
    expect(await askAndHangUp(path, 'example.org')).toMatchObject({ answers: ['203.0.113.2'] });
    expect(whole).toMatchObject({ id: 4711, cut: false, answers: ['203.0.113.2'], ttls: [9] });
    names.serve(id, path, view({ upstreams: inside('127.0.0.4', '127.0.0.2') }));
    expect((await ask(path, 'example.org')).rcode).toBe(2);
  });

  test('answers local names at once, and others, while a server hangs and a container floods', async () => {
    const hung = sandbox();
    const calm = sandbox();
    await upstream(hung.path, '127.0.0.2', 'silent');
    await upstream(calm.path, '127.0.0.2', 'answers');
    names.addHost(host('web', '172.18.0.2'));
    for (const { id, path } of [hung, calm]) {
      names.serve(id, path, view({ upstreams: inside('127.0.0.2') }));
    }
    // Two thousand questions wait for the server that is silent: half of them are refused.
    const waiting = connect(hung.path, 'udp');
    for (let index = 0; index < 2000; index++) {
      sendSome(waiting, queryBytes(`a${index}.example.org`, TYPE.A));
      if (index % 100 === 99) await ask(hung.path, 'web');
    }
    const flood = connect(hung.path, 'udp');
    const query = queryBytes('web', TYPE.A);
    for (let round = 0; round < 20; round++) {
      for (let index = 0; index < 400; index++) sendSome(flood, query);
      expect((await ask(calm.path, 'web')).answers).toEqual(['172.18.0.2']);
      if (round % 10 === 0) expect((await ask(calm.path, 'example.org')).answers).toEqual(['203.0.113.1']);
    }
    expect(readReply(await receive(waiting)).rcode).toBe(5);
    closeFd(waiting);
    closeFd(flood);
  });

  test('is not hurt by what is no query, over UDP and TCP', async () => {
    const { id, path } = sandbox();
    names.addHost(host('web', '172.18.0.2'));
    names.serve(id, path, view());
    const fd = connect(path, 'udp');
    for (const length of [0, 1, 11, 12, 100, 9000, 65_000]) sendSome(fd, Buffer.alloc(length, 0xc0));
    for (let index = 0; index < 500; index++) {
      sendSome(fd, crypto.getRandomValues(new Uint8Array(index)));
    }
    closeFd(fd);
    expect((await ask(path, 'web')).answers).toEqual(['172.18.0.2']);
    for (const bytes of [Buffer.of(0, 0), Buffer.of(0, 3, 1, 2, 3), Buffer.alloc(2000, 0xff), Buffer.of(9)]) {
      const stream = connect(path, 'tcp');
      sendSome(stream, bytes);
      await ask(path, 'web');
      closeFd(stream);
    }
    const huge = Buffer.concat([queryBytes('web', TYPE.A), Buffer.alloc(65_000)]);
    expect((await askTcp(path, huge))[0]?.answers).toEqual(['172.18.0.2']);
  });

  test('lets the namespace go, and takes no more descriptors for the thousandth', async () => {
    const count = () => readdirSync('/proc/self/fd').length;
    const first = sandbox();
    names.serve(first.id, first.path, view());
    await ask(first.path, 'web');
    const before = count();
    for (let round = 0; round < 100; round++) {
      const { id, path } = sandbox();
      names.serve(id, path, view());
      names.drop(id);
      names.drop(id);
      unpinNamespace(path);
      rmSync(path);
    }
    await ask(first.path, 'web');
    expect(count()).toBe(before);
  });
});
