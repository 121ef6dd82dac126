import { describe, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import { EngineError } from '../base/mod.ts';
import { type EventMessage, FrameDecoder, type ProgressMessage } from '../spec/docker/mod.ts';
import { ApiFixture, parseResponse } from './testing/api-fixture.ts';
import { FakeSession, fakeBackends, ID } from './testing/fake-backends.ts';

/** Reads from `socket` until `enough` holds of everything read so far. */
async function readUntil(socket: Socket, enough: (text: string) => boolean): Promise<string> {
  let text = '';
  return await new Promise((resolve) => {
    const onData = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!enough(text)) return;
      socket.off('data', onData);
      resolve(text);
    };
    socket.on('data', onData);
    socket.once('end', () => resolve(text));
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';
const attachHead = (query: string, headers: string, version = '') =>
  `POST ${version}/containers/web/attach?${query} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
const ALL = 'stream=1&stdin=1&stdout=1&stderr=1';

describe('attach', () => {
  test('answers 101 with exactly Docker’s head when asked to upgrade', async () => {
    for (const [version, tty, type] of [
      ['', false, 'multiplexed-stream'],
      ['/v1.42', false, 'multiplexed-stream'],
      ['/v1.41', false, 'raw-stream'],
      ['', true, 'raw-stream'],
    ] as const) {
      await using api = await ApiFixture.start();
      const session = new FakeSession(tty);
      session.finish();
      api.engine.sessions.set('next', session);
      const text = await api.raw(attachHead(ALL, UPGRADE, version));
      expect(text).toBe(
        `HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.${type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
      );
    }
  });

  test('answers 200 and raw-stream when not asked to upgrade, and takes input that came with the head', async () => {
    await using api = await ApiFixture.start();
    const session = new FakeSession();
    api.engine.sessions.set('next', session);
    const socket = api.connect();
    socket.write(`${attachHead(ALL, '')}early`);
    const head = await readUntil(socket, (text) => text.endsWith('\r\n\r\n'));
    expect(head).toBe('HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n');
    await until(() => session.input.length > 0);
    expect(Buffer.concat(session.input).toString()).toBe('early');
    socket.destroy();
    await until(() => session.closed > 0);
  });

  test('passes bytes both ways, half-closes both ways', async () => {
    await using api = await ApiFixture.start();
    const session = new FakeSession();
    api.engine.sessions.set('next', session);
    const socket = api.connect();
    socket.write(attachHead(ALL, UPGRADE));
    await readUntil(socket, (text) => text.endsWith('\r\n\r\n'));
    socket.write('one ');
    socket.end('two');
    await until(() => session.inputEnded);
    expect(Buffer.concat(session.input).toString()).toBe('one two');
    const decoder = new FrameDecoder();
    session.push('stdout', 'out');
    session.push('stderr', 'err');
    session.finish();
    const frames = [];
    for await (const chunk of socket)
      for (const frame of decoder.push(chunk)) frames.push([frame.stream, `${frame.data}`]);
    expect(frames).toEqual([
      [1, 'out'],
      [2, 'err'],
    ]);
    expect(session.closed).toBeGreaterThan(0);
  });

  test('lets go of the session when the client is gone, also of an idle one that had half-closed', async () => {
    await using api = await ApiFixture.start();
    const session = new FakeSession();
    api.engine.sessions.set('next', session);
    const socket = api.connect();
    socket.write(attachHead('stream=1&stdout=1', UPGRADE));
    await readUntil(socket, (text) => text.endsWith('\r\n\r\n'));
    socket.end();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(session.closed).toBe(0);
    socket.destroy();
    await until(() => session.closed > 0);
  });

  test('pulls no more output than the client takes', async () => {
    await using api = await ApiFixture.start();
    const session = new FakeSession(true);
    api.engine.sessions.set('next', session);
    const socket = api.connect();
    socket.write(attachHead('stream=1&stdout=1', UPGRADE));
    await readUntil(socket, (text) => text.endsWith('\r\n\r\n'));
    socket.pause();
    const count = 400;
    for (let i = 0; i < count; i++) session.push('stdout', Buffer.alloc(64 * 1024, i));
    session.finish();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(session.pulled).toBeLessThan(40);
    let size = 0;
    for await (const chunk of socket) size += chunk.length;
    expect(size).toBe(count * 64 * 1024);
  });

  test('answers errors as a bare head with text', async () => {
    await using api = await ApiFixture.start();
    const text = await api.raw(attachHead(ALL, UPGRADE).replace('/web/', '/nope/'));
    expect(text).toBe(
      'HTTP/1.1 404 Not Found\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nNo such container: nope\r\n',
    );
  });

  test('refuses a version as every route does', async () => {
    await using api = await ApiFixture.start();
    const { status, body, headers } = parseResponse(await api.raw(attachHead(ALL, UPGRADE, '/v1.99')));
    expect([status, headers['content-type']]).toEqual([400, 'application/json']);
    expect(body).toContain('is too new');
  });

  test('works as plain HTTP as a second request of a connection', async () => {
    await using api = await ApiFixture.start();
    const session = new FakeSession();
    session.push('stdout', 'hi');
    session.finish();
    api.engine.sessions.set('next', session);
    const text = await api.raw(
      `GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n${attachHead(ALL, 'Connection: close\r\n')}`,
    );
    const { status, body } = parseResponse(text.slice(text.lastIndexOf('HTTP/1.1')));
    expect([status, body]).toEqual([200, '\x01\0\0\0\0\0\0\x02hi']);
  });

  test('stays whole with 300 at once', async () => {
    await using api = await ApiFixture.start({
      containers: {
        ...fakeBackends().backends.containers,
        attach: async () => {
          const session = new FakeSession(true);
          session.push('stdout', 'x'.repeat(1000));
          session.finish();
          return session;
        },
      },
    });
    const texts = await Promise.all(
      Array.from({ length: 300 }, () => api.raw(attachHead('stream=1&stdout=1', UPGRADE))),
    );
    for (const text of texts) expect(text).toEndWith(`\r\n\r\n${'x'.repeat(1000)}`);
  });
});

describe('wait', () => {
  test('sends its head at once from 1.30 on, and only at the exit before', async () => {
    await using api = await ApiFixture.start();
    const early = api.connect();
    early.write('POST /v1.29/containers/web/wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const socket = api.connect();
    socket.write(
      'POST /containers/web/wait?condition=next-exit HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    const head = await readUntil(socket, (text) => text.includes('\r\n\r\n'));
    expect(head).toStartWith('HTTP/1.1 200 OK\r\n');
    expect(early.bytesRead).toBe(0);
    api.engine.exit.resolve({ statusCode: 42 });
    expect(await readUntil(socket, (text) => text.includes('}'))).toContain('{"StatusCode":42}\n');
    const text = await readUntil(early, (all) => all.includes('}'));
    expect(text).toContain('{"StatusCode":42}\n');
    expect(api.engine.calls.sort()).toEqual(['wait web next-exit', 'wait web not-running']);
    early.destroy();
    socket.destroy();
  });

  test('is cancelled when the client hangs up', async () => {
    await using api = await ApiFixture.start();
    const socket = api.connect();
    socket.write('POST /containers/web/wait HTTP/1.1\r\nHost: x\r\n\r\n');
    await readUntil(socket, (text) => text.includes('\r\n\r\n'));
    expect(api.engine.waitSignal?.aborted).toBe(false);
    socket.destroy();
    await until(() => api.engine.waitSignal?.aborted === true);
  });

  test('refuses a condition that it does not know, and reports a failed removal', async () => {
    await using api = await ApiFixture.start();
    const bad = await api.request('POST', '/containers/web/wait?condition=x');
    expect([bad.status, bad.body]).toEqual([400, '{"message":"invalid condition: \\"x\\""}\n']);
    api.engine.exit.resolve({ statusCode: 0, error: 'busy' });
    const removed = '/containers/web/wait?condition=removed';
    expect((await api.request('POST', removed)).body).toBe('{"StatusCode":0,"Error":{"Message":"busy"}}\n');
    expect((await api.request('POST', `/v1.33${removed}`)).body).toBe('');
  });
});

describe('logs', () => {
  const path = '/containers/web/logs?stdout=1&stderr=1';

  test('are framed, with times and details when asked', async () => {
    await using api = await ApiFixture.start();
    const { headers, body } = await api.request('GET', `${path}&timestamps=1&details=1`);
    expect(headers['content-type']).toBe('application/vnd.docker.multiplexed-stream');
    const frames = [...new FrameDecoder().push(Buffer.from(body, 'latin1'))].map(({ stream, data }) => [
      stream,
      `${data}`,
    ]);
    expect(frames).toEqual([
      [1, '2026-11-24T07:00:00.120000000Z  hello\n'],
      [2, '2026-11-24T07:00:01.000000000Z a=x,b=1+2 oops\n'],
    ]);
    const old = await api.request('GET', `/v1.41${path}`);
    expect(old.headers['content-type']).toBe('application/vnd.docker.raw-stream');
  });

  test('refuse to show no stream, and a container that is not there', async () => {
    await using api = await ApiFixture.start();
    const none = await api.request('GET', '/containers/web/logs');
    expect(none.body).toBe('{"message":"Bad parameters: you must choose at least one stream"}\n');
    expect((await api.request('GET', path.replace('web', 'nope'))).status).toBe(404);
  });
});

describe('events', () => {
  const message: EventMessage = {
    Type: 'container',
    Action: 'die',
    Actor: { ID, Attributes: { image: 'busybox' } },
    scope: 'local',
    time: 1764000000,
    timeNano: 1764000000123456789n,
  };
  const events = {
    subscribe: async function* () {
      yield { ...message, Type: 'image' as const, Action: 'create' };
      yield message;
    },
  };

  test('have the keys of their version', async () => {
    await using api = await ApiFixture.start({ events });
    const newest = await api.request('GET', '/events');
    expect(newest.headers['content-type']).toBe('application/jsonl');
    expect(newest.body).toBe(
      `{"Type":"image","Action":"create","Actor":{"ID":"${ID}","Attributes":{"image":"busybox"}},"scope":"local","time":1764000000,"timeNano":1764000000123456789}\n{"Type":"container","Action":"die","Actor":{"ID":"${ID}","Attributes":{"image":"busybox"}},"scope":"local","time":1764000000,"timeNano":1764000000123456789}\n`,
    );
    const old = await api.request('GET', '/v1.45/events');
    expect(old.headers['content-type']).toBe('application/json');
    expect(old.body).toBe(
      `{"status":"die","id":"${ID}","from":"busybox","Type":"container","Action":"die","Actor":{"ID":"${ID}","Attributes":{"image":"busybox"}},"scope":"local","time":1764000000,"timeNano":1764000000123456789}\n`,
    );
    const seq = await api.request('GET', '/events', { headers: { Accept: 'application/json-seq' } });
    expect(seq.body).toStartWith('\x1e{');
  });

  test('refuse bounds that cannot be', async () => {
    await using api = await ApiFixture.start({ events });
    const { body } = await api.request('GET', '/events?since=20&until=10');
    expect(JSON.parse(body).message).toBe('`since` time (20) cannot be after `until` time (10)');
  });
});

describe('pull', () => {
  const pulling = (
    pull: (progress: (message: ProgressMessage) => void, signal: AbortSignal) => Promise<void>,
  ) => ({
    images: {
      ...fakeBackends().backends.images,
      pull: (
        _ref: string,
        { signal }: { signal: AbortSignal },
        progress: (message: ProgressMessage) => void,
      ) => pull(progress, signal),
    },
  });
  const path = '/images/create?fromImage=busybox&tag=latest';

  test('streams its records, ended by CRLF', async () => {
    await using api = await ApiFixture.start(
      pulling(async (progress) => {
        progress({ status: 'Pulling from library/busybox', id: 'latest' });
        progress({ status: 'Status: done' });
      }),
    );
    const { status, headers, body } = await api.request('POST', path);
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(body).toBe(
      '{"status":"Pulling from library/busybox","id":"latest"}\r\n{"status":"Status: done"}\r\n',
    );
  });

  test('has a status of its own when it fails before the first record, a record after', async () => {
    const failure = new EngineError('not-found', 'manifest for busybox:nope not found');
    {
      await using api = await ApiFixture.start(pulling(() => Promise.reject(failure)));
      const { status, body } = await api.request('POST', path);
      expect([status, body]).toEqual([404, '{"message":"manifest for busybox:nope not found"}\n']);
    }
    await using api = await ApiFixture.start(
      pulling(async (progress) => {
        progress({ status: 'begun' });
        throw failure;
      }),
    );
    const { status, body } = await api.request('POST', path);
    expect(status).toBe(200);
    expect(body).toEndWith(
      '{"errorDetail":{"message":"manifest for busybox:nope not found"},"error":"manifest for busybox:nope not found"}\r\n',
    );
  });

  test('is cancelled by a hang-up, and refuses what is no reference', async () => {
    let cancelled = false;
    await using api = await ApiFixture.start(
      pulling(async (progress, signal) => {
        progress({ status: 'begun' });
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        cancelled = true;
      }),
    );
    const socket = api.connect();
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await readUntil(socket, (text) => text.includes('begun'));
    socket.destroy();
    await until(() => cancelled);
    const bad = await api.request('POST', '/images/create?fromImage=BAD&tag=x');
    expect(bad.status).toBe(400);
    expect((await api.request('POST', '/images/create?fromImage=scratch&tag=x')).status).toBe(403);
  });
});

test('verbs of containers pass their options as the version allows', async () => {
  await using api = await ApiFixture.start();
  const statuses = [];
  for (const [path, headers] of [
    ['/containers/web/start', {}],
    ['/containers/web/stop?t=3&signal=INT', {}],
    ['/v1.41/containers/web/stop?signal=INT', {}],
    ['/containers/web/kill?signal=9', {}],
    ['/containers/web/rename?name=a%2Fb', {}],
    ['/containers/web/resize?h=10&w=20', {}],
  ] as const) {
    statuses.push((await api.request('POST', path, { headers })).status);
  }
  expect(statuses).toEqual([204, 204, 204, 204, 204, 200]);
  expect(api.engine.calls).toEqual([
    'start web',
    'stop web {"timeoutSeconds":3,"signal":"INT"}',
    'stop web {}',
    'kill web "9"',
    'rename web "a/b"',
    'resize web 10 20',
  ]);
  const body = await api.request('POST', '/containers/web/start', { body: '{"Binds":["/:/x"]}' });
  expect(JSON.parse(body.body).message).toContain('starting container with non-empty request body');
  const resize = await api.request('POST', '/containers/web/resize?h=-1&w=x');
  expect(JSON.parse(resize.body).message).toBe('invalid resize height "-1": value out of range');
  const kill = await api.request('POST', '/containers/nope/kill');
  expect([kill.status, JSON.parse(kill.body).message]).toEqual([
    404,
    'cannot kill container: nope: No such container: nope',
  ]);
});
