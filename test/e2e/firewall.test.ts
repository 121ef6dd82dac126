import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { freePort, run, sh, sleep, until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { Outside } from '../fixtures/outside.ts';

let outside: Outside;
beforeAll(async () => {
  await engine();
  outside = await Outside.start();
});
afterAll(() => outside.stop());

const fromOutside = (port: number, seconds = 3) =>
  outside.sh(`curl -s -m ${seconds} http://${Outside.HOST_ADDRESS}:${port}/`).catch(() => 'no answer');
/** By the daemon's help: a killed one answers once it is back. */
const isReached = (port: number) => until('the page', async () => (await fromOutside(port)) === PAGE);
const fromHost = async (port: number) =>
  (await run('curl', ['-s', '-m', '3', `http://${Outside.HOST_ADDRESS}:${port}/`])).stdout.trim();
const PAGE = 'hello from the image';

/** A web page that never ends. */
const TICKS = [
  'mkdir -p /srv/cgi-bin',
  'printf "#!/bin/sh\\necho\\nwhile echo tick; do sleep 0.05; done" > /srv/cgi-bin/ticks',
  'chmod +x /srv/cgi-bin/ticks',
  'exec httpd -f -h /srv',
].join('; ');

/** A web server in a container, published at the port that it gives. */
async function published(docker: Client): Promise<AsyncDisposable & { port: number; name: string }> {
  const { busybox } = await engine();
  const name = uniqueName('web');
  const port = await freePort();
  await docker.ok(['run', '-d', '--name', name, '-p', `${port}:80`, busybox, 'httpd', '-f', '-h', '/www']);
  await until('the page', () => fromHost(port));
  return Object.assign(removing(docker, name), { port, name });
}

/** A daemon of its own, with the image. */
async function apart(
  config: Record<string, unknown>,
): Promise<AsyncDisposable & { docker: Client; daemon: Daemon }> {
  const { docker, busybox } = await engine();
  const daemon = await Daemon.start({ subnet: 93, config });
  const own = new Client(docker.cli, daemon.host);
  await own.ok(['pull', '-q', busybox]);
  return { docker: own, daemon, [Symbol.asyncDispose]: () => daemon.stop() };
}

test('DOCKER-USER is asked first where the host uses iptables', async () => {
  const { docker } = await engine();
  if ((await run('iptables', ['-S', 'FORWARD'])).code !== 0) return;
  // Whatever made them, a chain of iptables is there from now on; the next start sees it.
  await sh('iptables -P FORWARD ACCEPT');
  await using web = await published(docker);
  expect(await fromOutside(web.port)).toBe(PAGE);
  expect((await sh('iptables -S FORWARD')).split('\n')[1]).toContain('-j DOCKER-USER');
  await sh(`iptables -I DOCKER-USER -s ${Outside.ADDRESS} -j DROP`);
  try {
    expect(await fromOutside(web.port, 1)).toBe('no answer');
  } finally {
    await sh(`iptables -D DOCKER-USER -s ${Outside.ADDRESS} -j DROP`);
  }
  expect(await fromOutside(web.port)).toBe(PAGE);
});

test('networks are apart, internal ones from all the world, and options say more', async () => {
  const { docker, busybox } = await engine();
  const [open, inner, quiet] = [uniqueName('open'), uniqueName('inner'), uniqueName('quiet')];
  const [a, b, c, d, e, f] = ['a', 'b', 'c', 'd', 'e', 'f'].map(uniqueName) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  try {
    await docker.ok([
      'network',
      'create',
      '-o',
      'com.docker.network.bridge.host_binding_ipv4=127.0.0.1',
      open,
    ]);
    await docker.ok(['network', 'create', '--internal', inner]);
    await docker.ok(['network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', quiet]);
    const port = await freePort();
    const box = (name: string, network: string, ...flags: string[]) =>
      docker.ok(['run', '-d', '--name', name, '--network', network, ...flags, busybox, 'sleep', '1000']);
    await Promise.all([
      box(a, open, '-p', `${port}:80`),
      box(b, 'bridge'),
      box(c, inner, '-p', `${port}:80`),
      box(d, inner),
      box(e, quiet),
      box(f, quiet),
    ]);
    const ip = (name: string) =>
      docker.ok(['inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', name]);
    const pings = async (from: string, to: string) =>
      (await docker.run(['exec', from, 'ping', '-c', '1', '-W', '1', to])).code === 0;
    expect(await pings(a, await ip(b))).toBe(false);
    expect(await pings(b, await ip(a))).toBe(false);
    expect(await pings(c, await ip(d))).toBe(true);
    expect(await pings(c, await ip(a))).toBe(false);
    expect(await pings(a, await ip(c))).toBe(false);
    expect(await pings(c, Outside.ADDRESS)).toBe(false);
    expect(await pings(e, await ip(f))).toBe(false);
    expect(await pings(e, Outside.ADDRESS)).toBe(true);
    expect(await docker.ok(['port', a])).toBe(`80/tcp -> 127.0.0.1:${port}`);
    expect(await docker.ok(['port', c])).toBe('');
  } finally {
    await docker.run(['rm', '-f', a, b, c, d, e, f]);
    await docker.run(['network', 'rm', open, inner, quiet]);
  }
});

describe.skipIf(ENGINE === 'docker')('the firewall', () => {
  test('that somebody flushed comes back with the next container, and with SIGHUP', async () => {
    await using own = await apart({});
    await using web = await published(own.docker);
    await sh('nft flush ruleset');
    expect(await fromOutside(web.port, 1)).toBe('no answer');
    const { docker, busybox, daemon } = await engine();
    await own.docker.ok(['run', '--rm', busybox, 'true']);
    expect(await fromOutside(web.port)).toBe(PAGE);
    await sh('nft flush ruleset');
    process.kill(own.daemon.pid, 'SIGHUP');
    await until('the page', async () => (await fromOutside(web.port, 1)) === PAGE);
    // The daemon of the other tests lost its rules too.
    await docker.ok(['run', '--rm', busybox, 'true']);
    expect(daemon.pid).toBeGreaterThan(0);
  });

  test('lets connections go on, and new ones come, while the daemon is killed and starts again', async () => {
    using _calm = await calm('when it is killed is what this is about');
    const { docker, daemon, busybox } = await engine();
    await using web = await published(docker);
    const name = uniqueName('ticks');
    await using _box = removing(docker, name);
    const port = await freePort();
    await docker.ok(['run', '-d', '--name', name, '-p', `${port}:80`, busybox, 'sh', '-c', TICKS]);
    const said: string[] = [];
    const socket = await until('a connection', () => dial(port, said));
    /** The one connection from the beginning goes on. */
    const ticks = async (when: string) => {
      const before = said.length;
      await until(`ticks ${when}`, () => said.length > before + 1);
    };
    await ticks('at first');
    let going = true;
    const failures: string[] = [];
    let asked = 0;
    const loop = (async () => {
      while (going) {
        asked++;
        const { code, stdout } = await run('curl', [
          '-s',
          '-m',
          '5',
          `http://${Outside.HOST_ADDRESS}:${web.port}/`,
        ]);
        if (stdout.trim() !== PAGE) failures.push(`exit code ${code}: ${stdout}`);
      }
    })();
    for (let round = 0; round < 3; round++) {
      await sleep(50);
      await daemon.kill();
      await ticks('without a daemon');
      await daemon.start();
      await ticks('with the next one');
    }
    going = false;
    await loop;
    socket.destroy();
    expect(failures).toEqual([]);
    expect(asked).toBeGreaterThan(3);
  });

  test('of the host holds for published ports with "respect-firewall"', async () => {
    await using own = await apart({ 'published-ports': 'respect-firewall' });
    await using web = await published(own.docker);
    await isReached(web.port);
    await sh(`nft -f - <<'END'
table ip ufw_like {
  chain INPUT {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state related,established accept
  }
}
END`);
    try {
      expect(await fromOutside(web.port, 1)).toBe('no answer');
      expect(await fromHost(web.port)).toBe(PAGE);
      await sh(`nft add rule ip ufw_like INPUT tcp dport ${web.port} accept`);
      await isReached(web.port);
    } finally {
      await sh('nft delete table ip ufw_like');
    }
  });

  test('is left alone with "iptables": false, and ports are served all the same', async () => {
    const before = (await sh('nft list tables')).split('\n').length;
    await using own = await apart({ iptables: false, 'userland-proxy': true });
    await using web = await published(own.docker);
    expect((await sh('nft list tables')).split('\n').length).toBe(before);
    await isReached(web.port);
  });
});

/** A connection whose answers are added to `said`; undefined where there is none yet. */
function dial(port: number, said: string[]) {
  return new Promise<ReturnType<typeof connect> | undefined>((resolve) => {
    const socket = connect({ port, host: Outside.HOST_ADDRESS });
    socket.on('data', (bytes) => said.push(bytes.toString()));
    socket.once('connect', () => {
      socket.write('GET /cgi-bin/ticks HTTP/1.0\r\n\r\n');
      resolve(socket);
    });
    socket.once('error', () => resolve(undefined));
  });
}
