import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { ENGINE } from '../fixtures/daemon.ts';
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

/** What a web page says, or '' when it cannot be had within three seconds. */
async function page(url: string): Promise<string> {
  return (await run('curl', ['-s', '-m', '3', url])).stdout;
}

/** Starts a web server in a container. */
async function webServer(...flags: string[]): Promise<AsyncDisposable & { name: string; ip: string }> {
  const { docker, busybox } = await engine();
  const name = uniqueName('web');
  const box = removing(docker, name);
  await docker.ok(['run', '-d', '--name', name, ...flags, busybox, 'httpd', '-f', '-h', '/www']);
  const ip = await docker.ok([
    'inspect',
    '-f',
    '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
    name,
  ]);
  return Object.assign(box, { name, ip });
}

describe('the default bridge', () => {
  test('containers reach each other', async () => {
    const { docker, busybox } = await engine();
    await using server = await webServer();
    const client = ['run', '--rm', busybox, 'timeout', '5', 'wget', '-qO-', `http://${server.ip}/`];
    expect(await until('the page', () => docker.ok(client))).toBe('hello from the image');
  });

  test('the host reaches a container by its address, and a container the host by its gateway', async () => {
    const { docker, busybox, daemon } = await engine();
    await using server = await webServer();
    expect(await until('the page', () => page(`http://${server.ip}/`))).toBe('hello from the image\n');
    const listener = createServer((socket) => socket.end('hello from the host\n'));
    const port = await freePort();
    await new Promise<void>((resolve) => listener.listen(port, '0.0.0.0', resolve));
    const client = ['run', '--rm', busybox, 'timeout', '5', 'nc', daemon.gateway, `${port}`];
    expect(await docker.ok(client)).toBe('hello from the host');
    listener.close();
  });

  test('a container reaches beyond the host by address translation', async () => {
    const { docker, busybox } = await engine();
    const client = ['run', '--rm', busybox, 'timeout', '5', 'wget', '-qO-', `http://${Outside.ADDRESS}/`];
    expect(await docker.ok(client)).toBe('hello from outside');
  });

  test('eth0 has an address, a default route and names', async () => {
    const { docker, busybox, daemon } = await engine();
    const text = await docker.ok([
      'run',
      '--rm',
      busybox,
      'sh',
      '-c',
      'ip addr show eth0; ip route; cat /etc/resolv.conf | wc -l',
    ]);
    expect(text).toMatch(/inet 172\.30\.90\.\d+\/24/);
    expect(text).toContain(`default via ${daemon.gateway} dev eth0`);
  });

  test('addresses are given back', async () => {
    const { docker, busybox } = await engine();
    const address = () =>
      docker.ok(['run', '--rm', busybox, 'sh', '-c', "ip -o -4 addr show eth0 | awk '{print $4}'"]);
    const seen = new Set<string>();
    for (let n = 0; n < 4; n++) seen.add(await address());
    expect([...seen].every((each) => /^172\.30\.90\.\d+\/24$/.test(each))).toBe(true);
  });

  test('pings', async () => {
    const { docker, busybox, daemon } = await engine();
    expect(await docker.ok(['run', '--rm', busybox, 'ping', '-c', '1', '-W', '2', daemon.gateway])).toContain(
      '1 packets received',
    );
  });
});

describe('published ports', () => {
  test('are reached on the loopback and on an address of the host, and from outside', async () => {
    const port = await freePort();
    await using _server = await webServer('-p', `${port}:80`);
    expect(await until('the page', () => page(`http://127.0.0.1:${port}/`))).toBe('hello from the image\n');
    expect(await page(`http://localhost:${port}/`)).toBe('hello from the image\n');
    expect(await page(`http://${Outside.HOST_ADDRESS}:${port}/`)).toBe('hello from the image\n');
    const client = `busybox timeout 5 busybox wget -qO- http://${Outside.HOST_ADDRESS}:${port}/`;
    expect(await outside.sh(client)).toBe('hello from the image');
  });

  test('are reached from other containers by the address of the host', async () => {
    const { docker, busybox, daemon } = await engine();
    const port = await freePort();
    await using _server = await webServer('-p', `${port}:80`);
    const client = [
      'run',
      '--rm',
      busybox,
      'timeout',
      '5',
      'wget',
      '-qO-',
      `http://${daemon.gateway}:${port}/`,
    ];
    expect(await until('the page', () => docker.ok(client))).toBe('hello from the image');
  });

  test('bound to 127.0.0.1 are not reached from outside', async () => {
    const port = await freePort();
    await using _server = await webServer('-p', `127.0.0.1:${port}:80`);
    expect(await until('the page', () => page(`http://127.0.0.1:${port}/`))).toBe('hello from the image\n');
    const client = `busybox timeout 2 busybox wget -qO- http://${Outside.HOST_ADDRESS}:${port}/`;
    expect(await outside.sh(client).catch(() => 'refused')).toBe('refused');
  });

  test('docker port and ps show them; without a host port a free one is chosen', async () => {
    const { docker } = await engine();
    await using server = await webServer('-p', '127.0.0.1::80', '-p', '127.0.0.1::81/udp');
    const text = await docker.ok(['port', server.name]);
    const port = /^80\/tcp -> 127\.0\.0\.1:(\d+)$/m.exec(text)?.[1];
    expect(text).toMatch(/^81\/udp -> 127\.0\.0\.1:\d+$/m);
    expect(await until('the page', () => page(`http://127.0.0.1:${port}/`))).toBe('hello from the image\n');
    expect(await docker.ok(['ps', '--filter', `name=${server.name}`, '--format', '{{.Ports}}'])).toContain(
      `127.0.0.1:${port}->80/tcp`,
    );
  });

  test('on all addresses stand for IPv4 and IPv6', async () => {
    const { docker } = await engine();
    const port = await freePort();
    await using server = await webServer('-p', `${port}:80`);
    expect((await docker.ok(['port', server.name])).split('\n')).toContain(`80/tcp -> 0.0.0.0:${port}`);
  });

  test('udp', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const port = await freePort();
    await docker.ok([
      'run',
      '-d',
      '--name',
      name,
      '-p',
      `127.0.0.1:${port}:5000/udp`,
      busybox,
      'sleep',
      '100',
    ]);
    const pid = await docker.ok(['inspect', '-f', '{{.State.Pid}}', name]);
    // Debian's busybox has no UDP server: ours enters the container's network.
    const echo =
      "const s = require('dgram').createSocket('udp4'); s.on('message', (m, r) => s.send(m, r.port, r.address)); s.bind(5000)";
    const server = spawn('nsenter', ['-t', pid, '-n', process.execPath, '-e', echo], { stdio: 'ignore' });
    const client = createSocket('udp4');
    const answers: string[] = [];
    client.on('message', (bytes) => answers.push(bytes.toString()));
    client.on('error', () => {});
    try {
      await until('an answer', async () => {
        client.send('echoed', port, '127.0.0.1');
        await sleep(100);
        return answers.length > 0;
      });
      expect(answers[0]).toBe('echoed');
    } finally {
      client.close();
      server.kill('SIGKILL');
    }
  });

  test('a port that is taken is an error, and nothing is left of the container but its record', async () => {
    const { docker, busybox } = await engine();
    const port = await freePort();
    await using server = await webServer('-p', `127.0.0.1:${port}:80`);
    const name = uniqueName();
    await using _box = removing(docker, name);
    const second = await docker.run([
      'run',
      '-d',
      '--name',
      name,
      '-p',
      `127.0.0.1:${port}:80`,
      busybox,
      'sleep',
      '9',
    ]);
    expect(second.code).toBe(125);
    expect(second.stderr).toMatch(
      new RegExp(
        `driver failed programming external connectivity on endpoint ${name} .*(Bind for 127.0.0.1:${port} failed: port is already allocated)`,
      ),
    );
    expect(await docker.ok(['inspect', '-f', '{{.State.Status}}', name])).toBe('created');
    expect(await page(`http://127.0.0.1:${port}/`)).toBe('hello from the image\n');
    await docker.ok(['rm', '-f', server.name]);
    expect(await docker.ok(['start', name])).toBe(name);
  });

  test('a port that a process of the host has is an error', async () => {
    const { docker, busybox } = await engine();
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const name = uniqueName();
    await using _box = removing(docker, name);
    const result = await docker.run(['run', '--name', name, '-p', `127.0.0.1:${port}:80`, busybox, 'true']);
    listener.close();
    if (ENGINE === 'docker') return;
    expect(result.code).toBe(125);
    expect(result.stderr).toMatch(/(address already in use|port is already allocated)/);
  });

  test('go away with the container', async () => {
    const { docker } = await engine();
    const port = await freePort();
    const server = await webServer('-p', `127.0.0.1:${port}:80`);
    expect(await until('the page', () => page(`http://127.0.0.1:${port}/`))).toBe('hello from the image\n');
    await docker.ok(['stop', '-t', '0', server.name]);
    expect(await page(`http://127.0.0.1:${port}/`)).toBe('');
    await docker.ok(['start', server.name]);
    expect(await until('the page', () => page(`http://127.0.0.1:${port}/`))).toBe('hello from the image\n');
    await server[Symbol.asyncDispose]();
    expect(await page(`http://127.0.0.1:${port}/`)).toBe('');
  });
});

describe('other modes', () => {
  test('--network none has only lo', async () => {
    const { docker, busybox } = await engine();
    const text = await docker.ok([
      'run',
      '--rm',
      '--network',
      'none',
      busybox,
      'sh',
      '-c',
      'ls /sys/class/net; ip route; ping -c 1 -W 1 127.0.0.1 | grep received',
    ]);
    expect(text).toMatch(/^lo\n1 packets transmitted, 1 packets received/);
  });

  test('--network host is the network of the host', async () => {
    const { docker, busybox } = await engine();
    const inside = await docker.ok([
      'run',
      '--rm',
      '--network',
      'host',
      busybox,
      'sh',
      '-c',
      'ip -o link | wc -l; hostname; readlink /proc/self/ns/net',
    ]);
    const [links, hostname, namespace] = inside.split('\n');
    expect(namespace).toBe(await sh('readlink /proc/self/ns/net'));
    expect(hostname).toBe(await sh('hostname'));
    expect(Number(links)).toBeGreaterThan(1);
  });

  test('--network container:NAME shares one', async () => {
    const { docker, busybox } = await engine();
    await using server = await webServer();
    const client = [
      'run',
      '--rm',
      '--network',
      `container:${server.name}`,
      busybox,
      'timeout',
      '5',
      'wget',
      '-qO-',
      'http://127.0.0.1/',
    ];
    expect(await until('the page', () => docker.ok(client))).toBe('hello from the image');
  });

  test('an unknown network is an error', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const result = await docker.run(['run', '--name', name, '--network', 'no-such', busybox, 'true']);
    expect(result.code).toBe(125);
    expect(result.stderr).toContain('network no-such not found');
  });
});
