import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Client, MINKE_CLI } from '../fixtures/cli.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { freePort, run, sh, until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { Outside } from '../fixtures/outside.ts';

let outside: Outside;
beforeAll(async () => {
  await engine();
  outside = await Outside.start();
});
afterAll(() => outside.stop());

/** A web page that says the address of whoever asks. */
const WHO = [
  'mkdir -p /srv/cgi-bin',
  'printf "#!/bin/sh\\necho\\necho who \\$REMOTE_ADDR" > /srv/cgi-bin/who',
  'chmod +x /srv/cgi-bin/who',
  'exec httpd -f -h /srv',
].join('; ');

async function who(url: string): Promise<string> {
  return plain((await run('curl', ['-s', '-g', '-m', '3', `${url}/cgi-bin/who`])).stdout);
}

const whoFromOutside = (url: string) =>
  outside.sh(`curl -s -g -m 3 ${url}/cgi-bin/who`).then(plain, () => 'no answer');

/** Busybox says `[::ffff:192.0.2.1]` for 192.0.2.1. */
const plain = (text: string) => text.trim().replace(/\[::ffff:(.*)\]/, '$1');

/** `docker port` of a container that published `flags`, in an order that does not depend on the engine. */
async function portsOf(...flags: string[]): Promise<string[]> {
  const { docker, busybox } = await engine();
  const name = uniqueName('ports');
  await using _box = removing(docker, name);
  await docker.ok(['run', '-d', '--name', name, ...flags, busybox, 'sleep', '100']);
  const text = await docker.ok(['port', name]);
  // Docker 20.10 says `:::80` for `[::]:80`.
  const lines = text.split('\n').map((line) => line.replace(/-> :::(\d+)$/, '-> [::]:$1'));
  return lines.filter((line) => line !== '').sort();
}

const everywhere = (inside: string, port: number) => [
  `${inside} -> 0.0.0.0:${port}`,
  `${inside} -> [::]:${port}`,
];

describe('-p', () => {
  test('takes addresses, ranges, protocols, and ports that the engine chooses', async () => {
    const base = 21_000 + (process.pid % 500) * 10;
    const lines = await portsOf(
      ...['-p', `${base}:80`, '-p', `127.0.0.1:${base + 1}:81/udp`, '-p', `${base + 2}-${base + 4}:82-84`],
      ...['-p', `127.0.0.1:${base + 5}-${base + 6}:85`, '-p', `[::1]:${base + 7}:86`, '-p', '127.0.0.1::87'],
    );
    expect(lines.filter((line) => !line.startsWith('87/tcp'))).toEqual(
      [
        ...everywhere('80/tcp', base),
        `81/udp -> 127.0.0.1:${base + 1}`,
        ...[2, 3, 4].flatMap((n) => everywhere(`${80 + n}/tcp`, base + n)),
        `85/tcp -> 127.0.0.1:${base + 5}`,
        `86/tcp -> [::1]:${base + 7}`,
      ].sort(),
    );
    expect(lines.find((line) => line.startsWith('87/tcp'))).toMatch(/^87\/tcp -> 127\.0\.0\.1:\d{5}$/);
    expect(await portsOf('--expose', '7000-7001', '-P')).toHaveLength(4);
  });

  test('goes through a range until a port is free, and says when none is', async () => {
    const { docker, busybox } = await engine();
    const base = 26_000 + (process.pid % 500) * 10;
    const names = [uniqueName(), uniqueName(), uniqueName()] as const;
    await using _boxes = removing(docker, ...names);
    const start = (name: string, ports: string) =>
      docker.run(['run', '-d', '--name', name, '-p', ports, busybox, 'sleep', '100']);
    expect((await start(names[0], `127.0.0.1:${base}:80`)).code).toBe(0);
    expect((await start(names[1], `127.0.0.1:${base}-${base + 1}:80`)).code).toBe(0);
    expect(await docker.ok(['port', names[1], '80'])).toBe(`127.0.0.1:${base + 1}`);
    const third = await start(names[2], `127.0.0.1:${base}-${base + 1}:80`);
    expect(third.code).toBe(125);
    expect(third.stderr).toMatch(/all ports are allocated|port is already allocated/);
  });

  test.skipIf(ENGINE === 'docker')('says what the kernel lacks', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const port = await freePort();
    const result = await docker.run(['run', '--name', name, '-p', `${port}:80/sctp`, busybox, 'true']);
    // Where it has SCTP, it works.
    if (result.code !== 0)
      expect(result.stderr).toMatch(
        new RegExp(`failed to bind host port 0.0.0.0:${port}/sctp: protocol not supported`),
      );
  });
});

describe('a published port', () => {
  test('is reached from everywhere, and the container sees who asks', async () => {
    const { docker, busybox, daemon } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const port = await freePort();
    await docker.ok(['run', '-d', '--name', name, '-p', `${port}:80`, busybox, 'sh', '-c', WHO]);
    await until('the page', () => who(`http://127.0.0.1:${port}`));
    const url = `http://${Outside.HOST_ADDRESS}:${port}`;
    expect(await whoFromOutside(url)).toBe(`who ${Outside.ADDRESS}`);
    expect(await who(url)).toStartWith('who ');
    // By the daemon: a killed one answers once it is back.
    expect(await until('an answer at [::1]', () => who(`http://[::1]:${port}`))).toStartWith('who ');
    const ask = ['timeout', '5', 'wget', '-qO-', `http://${daemon.gateway}:${port}/cgi-bin/who`];
    expect(await docker.ok(['exec', name, ...ask])).toStartWith('who ');
    expect(await docker.ok(['run', '--rm', busybox, ...ask])).toStartWith('who ');
  });
});

describe.skipIf(ENGINE === 'docker')('10,000 published ports', () => {
  const table = async () => {
    const { daemon } = await engine();
    const tables = (await sh('nft list tables')).split('\n').map((line) => line.split(' ').at(-1) ?? '');
    for (const name of tables) {
      if (!name.startsWith('minke')) continue;
      const text = await sh(`nft list set inet ${name} home`);
      if (text.includes(daemon.gateway.replace(/\.1$/, '.0'))) return name;
    }
    throw new Error('no table');
  };

  test('equal on both sides are one element for each protocol, and reached', async () => {
    const { docker, busybox } = await engine();
    const [name, other] = [uniqueName(), uniqueName()];
    await using _boxes = removing(docker, name, other);
    const range = ['-p', '20000-29999:20000-29999/tcp', '-p', '20000-20999:20000-20999/udp'];
    const serve = 'httpd -f -p 25555 -h /www';
    await docker.ok(['run', '-d', '--name', name, ...range, busybox, 'sh', '-c', serve]);
    const elements = await sh(`nft list map inet ${await table()} ranges_any`);
    expect(elements.match(/(tcp|udp) \. 20000-2\d999/g)?.sort()).toEqual([
      'tcp . 20000-29999',
      'udp . 20000-20999',
    ]);
    expect(
      await until(
        'the page',
        async () => (await run('curl', ['-s', '-m', '3', 'http://127.0.0.1:25555/'])).stdout,
      ),
    ).toBe('hello from the image\n');
    const clash = await docker.run(['run', '--name', other, '-p', '127.0.0.1:23456:1', busybox, 'true']);
    expect(clash.stderr).toContain('Bind for 127.0.0.1:23456 failed: port is already allocated');
    expect(await docker.ok(['port', name, '20999/udp'])).toContain('0.0.0.0:20999');
  });

  test('unequal ones lead each to its own', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const flags = ['run', '-d', '--name', name, '-p', '20000-29999:30000-39999'];
    await docker.ok([...flags, busybox, 'httpd', '-f', '-p', '35555', '-h', '/www']);
    expect(
      await until(
        'the page',
        async () => (await run('curl', ['-s', '-m', '3', 'http://127.0.0.1:25555/'])).stdout,
      ),
    ).toBe('hello from the image\n');
    await docker.ok(['rm', '-f', name]);
    expect(await sh(`nft list map inet ${await table()} publish_any`)).not.toContain('25555');
  });
});

describe.skipIf(ENGINE === 'docker')('minke update', () => {
  test('--publish-add and --publish-rm change the ports of a running container, for good', async () => {
    const { docker, daemon, busybox } = await engine();
    const minke = new Client(MINKE_CLI, daemon.host);
    const [name, other] = [uniqueName(), uniqueName()];
    await using _boxes = removing(docker, name, other);
    const [first, second, third] = [await freePort(), await freePort(), await freePort()];
    const page = async (port: number) =>
      (await run('curl', ['-s', '-m', '3', `http://127.0.0.1:${port}/`])).stdout;
    await docker.ok(['run', '-d', '--name', name, '-p', `${first}:80`, busybox, 'httpd', '-f', '-h', '/www']);
    await until('the page', () => page(first));
    expect(await minke.ok(['update', '--publish-add', `${second}:80`, name])).toBe(name);
    expect(await page(second)).toBe('hello from the image\n');
    expect(await page(first)).toBe('hello from the image\n');
    expect(await docker.ok(['port', name])).toContain(`80/tcp -> 0.0.0.0:${second}`);

    await docker.ok(['run', '-d', '--name', other, '-p', `${third}:80`, busybox, 'sleep', '100']);
    const clash = await minke.run([
      'update',
      '--publish-add',
      `${third}:80`,
      '--publish-rm',
      `${first}:80`,
      name,
    ]);
    expect(clash.code).toBe(1);
    expect(clash.stderr).toContain(`Bind for 0.0.0.0:${third} failed: port is already allocated`);
    expect(await page(first)).toBe('hello from the image\n');
    const missing = await minke.run(['update', '--publish-rm', '81', name]);
    expect(missing.stderr).toContain('port 81/tcp is not published');

    await minke.ok(['update', '--publish-rm', `${first}:80`, name]);
    expect(await page(first)).toBe('');
    await daemon.kill();
    await daemon.start();
    expect(await page(second)).toBe('hello from the image\n');
    await docker.ok(['restart', '-t', '0', name]);
    expect(await until('the page', () => page(second))).toBe('hello from the image\n');
    expect(await page(first)).toBe('');
    const bindings = ['inspect', '-f', '{{json .HostConfig.PortBindings}}', name];
    expect(await docker.ok(bindings)).toBe(`{"80/tcp":[{"HostIp":"","HostPort":"${second}"}]}`);
  });
});
