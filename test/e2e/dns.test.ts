import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { calm } from '../fixtures/chaos/calm.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { Etc } from '../fixtures/etc.ts';
import { run, until } from '../fixtures/machine.ts';
import { KNOWN_ADDRESS, NameServer } from '../fixtures/name-server.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

const etc = new Etc();
let server: NameServer;
const [net, other, closed] = ['net', 'other', 'closed'].map((name) => uniqueName(name)) as [
  string,
  string,
  string,
];

beforeAll(async () => {
  const { docker } = await engine();
  server = await NameServer.start('127.0.0.1');
  await etc.file('/etc/resolv.conf', 'nameserver 127.0.0.1\nsearch lan.example\noptions timeout:3\n');
  await docker.ok(['network', 'create', net]);
  await docker.ok(['network', 'create', other]);
  await docker.ok(['network', 'create', '--internal', closed]);
});
afterAll(async () => {
  const { docker } = await engine();
  await docker.run(['network', 'rm', net, other, closed]);
  await etc.restore();
  await server[Symbol.asyncDispose]();
});

/** A container that only waits. */
async function box(...flags: string[]) {
  const { docker, busybox } = await engine();
  const name = uniqueName('box');
  const gone = removing(docker, name);
  const id = await docker.ok(['run', '-d', '--name', name, ...flags, busybox, 'sleep', '1000']);
  const inside = (script: string) => docker.ok(['exec', name, 'sh', '-c', script]);
  return Object.assign(gone, {
    name,
    id,
    inside,
    ip: (network: string) =>
      docker.ok(['inspect', '-f', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name]),
    /** What a name means in there: addresses, in order, or names; `none` if nobody knows it. */
    look: async (question: string, type = 'a') => {
      using _calm = await calm('names pause while no daemon runs');
      // With its last dot: this nslookup would ask for it below the search domain else.
      const name = question.endsWith('.') ? question : `${question}.`;
      const out = await inside(`nslookup -type=${type} ${name} 2>&1 || echo "** failed"`);
      if (/can't find|failed/.test(out)) return 'none';
      const [, answer = ''] = out.split(/^Address:.*53$/m);
      const found = answer.matchAll(/^(?:Address: |.*name = )(\S+)$/gm);
      return [...found]
        .map(([, value]) => value)
        .sort()
        .join();
    },
  });
}

const settings = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('names in a user-defined network', () => {
  test('are the name, the short id, aliases and name.network; PTR and AAAA are answered', async () => {
    const [alias, shared] = [uniqueName('Alias'), uniqueName('shared')];
    await using web = await box('--network', net, '--network-alias', alias, '--network-alias', shared);
    await using second = await box('--network', net, '--network-alias', shared, '--hostname', 'hosty');
    await using far = await box('--network', other);
    const [ip, ip2] = [await web.ip(net), await second.ip(net)];
    const short = web.id.slice(0, 12);
    for (const name of [web.name, web.name.toUpperCase(), short, alias, `${web.name}.${net}`]) {
      expect([name, await second.look(name)]).toEqual([name, ip]);
    }
    expect(await web.look(shared)).toBe([ip, ip2].sort().join());
    expect(await second.look(web.name, 'aaaa')).toBe('');
    const arpa = `${ip.split('.').reverse().join('.')}.in-addr.arpa`;
    expect(await second.look(arpa, 'ptr')).toBe(`${web.name}.${net}`);
    if (ENGINE !== 'docker') expect(await web.look('hosty')).toBe(ip2);
    expect(await second.look(far.name)).toBe(KNOWN_ADDRESS);
    using _calm = await calm('names pause while no daemon runs');
    expect(await second.inside(`ping -c1 -W2 ${web.name} | head -1`)).toContain(`(${ip})`);
    expect(server.asked.some((name) => name.includes(web.name))).toBe(false);
  });

  test('come and go with connect, disconnect, rename and the container itself', async () => {
    const { docker } = await engine();
    await using web = await box('--network', net);
    await using far = await box('--network', other);
    const before = await far.inside('cat /etc/hosts');
    await docker.ok(['network', 'connect', '--alias', 'late', net, far.name]);
    const ip = await far.ip(net);
    expect(await web.look('late')).toBe(ip);
    const webIp = await web.ip(net);
    expect(await far.look(web.name)).toBe(webIp);
    expect(await far.inside('cat /etc/hosts')).toBe(`${before}\n${ip}\t${far.id.slice(0, 12)}`);
    const renamed = uniqueName('renamed');
    await docker.ok(['rename', web.name, renamed]);
    expect([await far.look(renamed), await far.look(web.name)]).toEqual([webIp, KNOWN_ADDRESS]);
    await docker.ok(['network', 'disconnect', net, far.name]);
    // Compat: Docker 20.10 takes all its lines away.
    if (ENGINE !== 'docker') expect(await far.inside('cat /etc/hosts')).toBe(before);
    expect(await far.look(renamed)).toBe(KNOWN_ADDRESS);
    await docker.ok(['rm', '-f', renamed]);
  });

  test('of links are seen by one container alone', async () => {
    await using web = await box('--network', net);
    await using linked = await box('--network', net, '--link', `${web.name}:store`);
    await using plain = await box('--network', net);
    expect(await linked.look('store')).toBe(await web.ip(net));
    expect(await linked.look(web.name)).toBe(await web.ip(net));
    expect(await plain.look('store')).toBe(KNOWN_ADDRESS);
  });

  test('leave port 53 to a container that is a DNS server', async () => {
    await using web = await box('--network', net);
    await using dns = await box('--network', net);
    const token = randomBytes(4).toString('hex');
    await dns.inside('(sleep 99 | nc -l -p 53 > /tcp &) 2>/dev/null');
    // The busybox of the image has nothing that listens on UDP.
    const { docker } = await engine();
    const pid = await docker.ok(['inspect', '-f', '{{.State.Pid}}', dns.name]);
    const program = `const s = require('node:dgram').createSocket('udp4');
      s.bind(53, '0.0.0.0', () => { console.log('bound'); s.close(); });`;
    const bound = await run('nsenter', ['-t', pid, '-n', process.execPath, '-e', program]);
    expect(bound.stdout).toBe('bound\n');
    await until('it to hear', async () => {
      await web.inside(`echo ${token} | nc -w 1 ${dns.name} 53 || true`);
      return (await dns.inside('cat /tcp')) === token;
    });
    expect(await dns.look(web.name)).toBe(await web.ip(net));
  });

  test.skipIf(ENGINE === 'docker')('are there again when the daemon was killed and started', async () => {
    using _calm = await calm('it kills the daemon itself');
    const { daemon } = await engine();
    await using web = await box('--network', net);
    await using second = await box('--network', net);
    await daemon.kill();
    await daemon.start();
    expect(await second.look(web.name)).toBe(await web.ip(net));
    expect(await second.look('example.org')).toBe(KNOWN_ADDRESS);
  });
});

describe('names of others', () => {
  test('are asked of the host’s servers, over UDP and TCP', async () => {
    await using client = await box('--network', net);
    expect(await client.look('www.example.org')).toBe(KNOWN_ADDRESS);
    const query =
      '\\0\\035\\022\\064\\001\\0\\0\\001\\0\\0\\0\\0\\0\\0\\007example\\003org\\0\\0\\001\\0\\001';
    using _calm = await calm('names pause while no daemon runs');
    const answer = await client.inside(
      `printf '${query}' | timeout 5 nc 127.0.0.11 53 | od -An -tx1 | tr -d ' \\n'`,
    );
    expect(answer).toStartWith('002d1234');
    expect(answer).toEndWith('cb007108');
  });

  test.skipIf(ENGINE === 'docker')('are asked of nobody from an internal network', async () => {
    await using client = await box('--network', closed);
    await using web = await box('--network', closed);
    const name = `${uniqueName('secret')}.example.org`;
    expect(await client.look(name)).toBe('none');
    expect(await client.look(web.name)).toBe(await web.ip(closed));
    expect(server.asked).not.toContain(name);
  });

  test('are asked of --dns from the container', async () => {
    const flags = ['--dns', '127.0.0.9', '--dns-search', 'a.example', '--dns-option', 'ndots:2'];
    await using client = await box('--network', net, ...flags);
    // That one is the container's own loopback: nobody is there.
    expect(await client.look('www.example.org')).toBe('none');
    expect(settings(await client.inside('cat /etc/resolv.conf')).sort()).toEqual([
      'nameserver 127.0.0.11',
      'options ndots:2',
      'search a.example',
    ]);
  });
});

describe('resolv.conf', () => {
  test('names the embedded server in a user-defined network, and from the first connect on', async () => {
    const { docker } = await engine();
    await using early = await box('--network', net);
    await using late = await box();
    const embedded = ['nameserver 127.0.0.11', 'options timeout:3 ndots:0', 'search lan.example'];
    expect(settings(await early.inside('cat /etc/resolv.conf')).sort()).toEqual(embedded);
    expect(settings(await late.inside('cat /etc/resolv.conf')).sort()).toEqual([
      'nameserver 8.8.4.4',
      'nameserver 8.8.8.8',
      'options timeout:3',
      'search lan.example',
    ]);
    await docker.ok(['network', 'connect', net, late.name]);
    expect(settings(await late.inside('cat /etc/resolv.conf')).sort()).toEqual(embedded);
    await docker.ok(['network', 'disconnect', net, late.name]);
    expect(settings(await late.inside('cat /etc/resolv.conf')).sort()).toEqual(embedded);
    if (ENGINE === 'docker') return;
    const text = await early.inside('cat /etc/resolv.conf');
    expect(text).toContain(
      `# Based on host file: '/etc/resolv.conf' (internal resolver)\n# ExtServers: [host(127.0.0.1)]\n`,
    );
  });

  test('stays as somebody changed it', async () => {
    const { docker } = await engine();
    await using client = await box();
    await client.inside('echo nameserver 10.1.1.1 > /etc/resolv.conf; echo 10.1.1.2 mine >> /etc/hosts');
    await docker.ok(['network', 'connect', other, client.name]);
    // Docker 20.10 writes over it when the embedded server starts.
    if (ENGINE !== 'docker') expect(await client.inside('cat /etc/resolv.conf')).toBe('nameserver 10.1.1.1');
    await docker.ok(['network', 'disconnect', other, client.name]);
    expect(await client.inside('grep mine /etc/hosts')).toBe('10.1.1.2 mine');
  });

  test('is the host’s in its network, as are its hosts where none were added', async () => {
    const { docker, busybox } = await engine();
    const inHost = (...args: string[]) => docker.ok(['run', '--rm', '--network', 'host', ...args]);
    expect(settings(await inHost(busybox, 'cat', '/etc/resolv.conf'))).toContain('nameserver 127.0.0.1');
    expect(await inHost('--add-host', 'db:10.0.0.1', busybox, 'cat', '/etc/hosts')).toEndWith(
      'ip6-allrouters\n10.0.0.1\tdb',
    );
  });
});
