import { describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientFrame } from '../../src/api/testing/client-frame.ts';
import { readUntil } from '../../src/api/testing/read-socket.ts';
import { FrameDecoder } from '../../src/spec/docker/stream-frame.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client, dockerClis, MINKE_CLI } from '../fixtures/cli.ts';
import { engine } from '../fixtures/engine.ts';
import { until, workFolder } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { openWebSocket } from '../fixtures/websocket.ts';

/** Says `o<line>` and `e<line>` for each line that it reads. */
const ECHO = 'while read x; do echo "o$x"; echo "e$x" >&2; done';

/** A running container; removed at the end. */
async function box(flags: string[], script: string) {
  const { docker, busybox, daemon } = await engine();
  const name = uniqueName();
  await docker.ok(['run', '-d', '--name', name, ...flags, busybox, 'sh', '-c', script]);
  const removal = removing(docker, name);
  return {
    docker,
    daemon,
    api: daemon.api,
    name,
    status: () => docker.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name]),
    [Symbol.asyncDispose]: () => removal[Symbol.asyncDispose](),
  };
}

const [newest] = dockerClis();
const CLIS = [...(newest ? [newest] : []), MINKE_CLI];

describe.each(CLIS.map((cli) => [cli.name, cli] as const))('%s attach', (_name, cli) => {
  test('passes the exit code on, and needs a container that runs', async () => {
    await using x = await box(['-i'], 'read x; exit 7');
    const client = new Client(cli, x.daemon.host);
    const attached = client.start(['attach', x.name]);
    const ended = new Promise((resolve) => attached.child.once('exit', resolve));
    attached.child.stdin?.write('go\n');
    expect(await ended).toBe(7);
    const stopped = await client.run(['attach', x.name]);
    expect([stopped.code, stopped.stderr]).toEqual([
      1,
      'You cannot attach to a stopped container, start it first\n',
    ]);
    const missing = await client.run(['attach', 'nope']);
    expect([missing.code, missing.stderr]).toEqual([
      1,
      'Error response from daemon: No such container: nope\n',
    ]);
  });

  test('passes signals on, unless --sig-proxy=false', async () => {
    await using x = await box([], 'trap "echo got; exit 5" TERM; echo on; while :; do sleep 0.05; done');
    const client = new Client(cli, x.daemon.host);
    const deaf = client.start(['attach', '--no-stdin', '--sig-proxy=false', x.name]);
    const gone = new Promise((resolve) => deaf.child.once('exit', resolve));
    await until('it to be attached', () => events(x.docker, x.name, 'attach'));
    deaf.child.kill('SIGTERM');
    expect(await x.status()).toBe('running 0');
    deaf.child.kill('SIGKILL');
    await gone;
    const proxy = client.start(['attach', '--no-stdin', x.name]);
    const ended = new Promise((resolve) => proxy.child.once('exit', resolve));
    await until('it to be attached', () => events(x.docker, x.name, 'attach', 2));
    proxy.child.kill('SIGTERM');
    expect(await ended).toBe(5);
    expect(proxy.output()).toEndWith('got\n');
  });

  test('lets go at its detach keys, given by flag or by config.json', async () => {
    await using x = await box(['-it'], 'sh');
    const folder = workFolder('keys');
    writeFileSync(join(folder, 'config.json'), '{"detachKeys":"ctrl-b,q"}');
    const client = new Client(cli, x.daemon.host);
    const configured = new Client(cli, x.daemon.host, { DOCKER_CONFIG: folder });
    const screens: string[] = [];
    for (const [who, flags, keys] of [
      [client, ['--detach-keys', 'ctrl-a,x'], '\x01x'],
      [client, [], '\x10\x11'],
      [configured, [], '\x02q'],
    ] as const) {
      const terminal = await who.terminal(['attach', ...flags, x.name]);
      await terminal.see(/# /);
      terminal.type(`echo ${'a""b'}\n`);
      await terminal.see(/ab/);
      terminal.type(keys);
      screens.push(`${await terminal.ended} ${/read escape sequence/.exec(terminal.screen())?.[0]}`);
      expect(await x.status()).toBe('running 0');
    }
    expect(new Set(screens)).toEqual(new Set(['1 read escape sequence']));
  });

  test('a terminal has the size of the client, and follows it', async () => {
    await using x = await box(['-it'], 'sh');
    const terminal = await new Client(cli, x.daemon.host).terminal(['attach', x.name], 31, 97);
    await terminal.see(/# /);
    terminal.type('stty size\n');
    await terminal.see(/31 97/);
    await terminal.resize(45, 123);
    terminal.type('sleep 0.2; stty size\n');
    await terminal.see(/45 123/);
    terminal.close();
  });

  test('start -ai hands input over, and its end', async () => {
    const { docker, busybox, daemon } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['create', '-i', '--name', name, busybox, 'sh', '-c', 'cat; echo end; exit 6']);
    const client = new Client(cli, daemon.host);
    const started = await client.run(['start', '-ai', name], { input: 'one\ntwo\n' });
    expect(started).toMatchObject({ code: 6, stdout: 'one\ntwo\nend\n' });
  });
});

async function events(docker: Client, name: string, action: string, count = 1): Promise<boolean> {
  const past = ['events', '--since', '1m', '--until', '0s', '--format', '{{.Action}}'];
  const lines = (await docker.ok([...past, '--filter', `container=${name}`])).split('\n');
  return lines.filter((line) => line === action).length >= count;
}

describe('attach', () => {
  test('with logs gives what was said before, and then what comes', async () => {
    await using x = await box(['-i'], `echo first; ${ECHO}`);
    await until('the log', async () => (await x.docker.ok(['logs', x.name])) === 'first');
    const { socket, head } = await x.api.upgrade(
      `/containers/${x.name}/attach?logs=1&stream=1&stdin=1&stdout=1&stderr=1`,
    );
    const decoder = new FrameDecoder();
    let text = '';
    const take = (chunk: Buffer) => {
      for (const frame of decoder.push(chunk)) text += `${frame.stream}:${Buffer.from(frame.data)}`;
    };
    // What was said before may come with the answer's head.
    take(head);
    socket.on('data', take);
    await until('the log', () => text === '1:first\n');
    socket.write('hi\n');
    await until('the answers', () => /1:ohi\n/.test(text) && /2:ehi\n/.test(text));
    socket.destroy();
    const past = await x.api.upgrade(`/containers/${x.name}/attach?logs=1&stdout=1`);
    const ended = new Promise((resolve) => past.socket.once('end', resolve));
    past.socket.resume();
    await ended;
  });

  test('the end of a client’s input ends its session, and not the container, unless it is the one input', async () => {
    await using x = await box(['-i'], ECHO);
    const { socket } = await x.api.upgrade(`/containers/${x.name}/attach?stream=1&stdin=1&stdout=1`);
    socket.resume();
    const ended = new Promise((resolve) => socket.once('end', resolve));
    socket.end('last\n');
    await ended;
    expect(await x.status()).toBe('running 0');
    await until('what it typed', async () => (await x.docker.ok(['logs', x.name])).includes('olast'));
  });

  test('a reader that stops holds its container up, and nothing else; then it gets every byte', async () => {
    const { docker, daemon, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const bytes = 20_000_000;
    await docker.ok(['create', '--name', name, busybox, 'sh', '-c', `yes | head -c ${bytes}`]);
    const { socket, head } = await daemon.api.upgrade(`/containers/${name}/attach?stream=1&stdout=1`);
    socket.pause();
    await docker.ok(['start', name]);
    expect(await docker.ok(['run', '--rm', busybox, 'sh', '-c', 'yes | head -c 300000 | wc -c'])).toBe(
      '300000',
    );
    expect(await docker.ok(['inspect', '-f', '{{.State.Status}}', name])).toBe('running');
    const decoder = new FrameDecoder();
    let size = 0;
    const count = (chunk: Buffer) => {
      for (const { data } of decoder.push(chunk)) size += data.length;
    };
    count(head);
    socket.on('data', count);
    socket.resume();
    await new Promise((resolve) => socket.once('end', resolve));
    expect(size).toBe(bytes);
    expect(await docker.ok(['wait', name])).toBe('0');
  });

  test('a terminal’s client that vanishes leaves the terminal as it was', async () => {
    await using x = await box(['-it'], 'sh');
    const lost = x.docker.start(['attach', '--no-stdin', x.name]);
    await until('it to be attached', () => events(x.docker, x.name, 'attach'));
    lost.child.kill('SIGKILL');
    for (let round = 0; round < 3; round++) {
      const { socket } = await x.api.upgrade(`/containers/${x.name}/attach?stream=1&stdin=1&stdout=1`);
      socket.write(`echo r${round}""x\n`);
      await readUntil(socket, (text) => text.includes(`r${round}x`));
      socket.destroy();
    }
    expect(await x.status()).toBe('running 0');
  });

  test('is refused where the container is paused, with the sentence of Docker', async () => {
    await using x = await box(['-i'], ECHO);
    await x.docker.ok(['pause', x.name]);
    const client = await x.docker.run(['attach', x.name]);
    expect(client.stderr).toBe('You cannot attach to a paused container, unpause it first\n');
    const answer = await x.api.post(`/containers/${x.name}/attach?stream=1&stdout=1`);
    expect([answer.status, answer.text]).toEqual([
      409,
      `container ${x.name} is paused, unpause the container before attach\r\n`,
    ]);
    await x.docker.ok(['unpause', x.name]);
  });

  test('by WebSocket: both ways, ping, close, detach keys, errors', async () => {
    using _calm = await calm('bare sockets');
    await using x = await box(['-i'], ECHO);
    await using ws = await openWebSocket(x.daemon.socket, `/v1.41/containers/${x.name}/attach/ws?stream=1`);
    expect(ws.head).toStartWith(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n',
    );
    ws.socket.write(clientFrame(1, Buffer.from('on'), { final: false }));
    ws.socket.write(clientFrame(9, Buffer.from('?')));
    expect(await readUntil(ws.socket, (text) => text.length >= 3)).toBe('\x8a\x01?');
    ws.socket.write(clientFrame(0, Buffer.from('e\n')));
    const answers = await readUntil(ws.socket, (text) => /oone\n/.test(text) && /eone\n/.test(text));
    expect(answers).toStartWith('\x82');
    ws.socket.write(clientFrame(8, Buffer.from([3, 0xe8])));
    expect(await readUntil(ws.socket, (text) => text.length >= 4)).toBe('\x88\x02\x03\xe8');
    await using old = await openWebSocket(x.daemon.socket, `/v1.27/containers/${x.name}/attach/ws?logs=1`);
    const log = await readUntil(old.socket, (text) => text.endsWith('\x03\xe8'));
    expect(log).toStartWith('\x81');
    expect(log).toContain('oone\n');
    const refused = async (ref: string, query: string) => {
      await using failed = await openWebSocket(x.daemon.socket, `/containers/${ref}/attach/ws?${query}`);
      return failed.head.split('\r\n')[0] + (await readUntil(failed.socket, (text) => text.includes('}')));
    };
    expect(await refused('nope', 'stream=1')).toBe(
      'HTTP/1.1 404 Not Found{"message":"No such container: nope"}\n',
    );
    expect(await refused(x.name, 'detachKeys=zz')).toBe(
      'HTTP/1.1 400 Bad Request{"message":"Invalid detach keys (zz) provided"}\n',
    );
  });
});
