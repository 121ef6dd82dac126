import { describe, expect, test } from 'bun:test';
import { FrameDecoder } from '../spec/docker/mod.ts';
import { ApiFixture, parseResponse } from './testing/api-fixture.ts';
import { FakeSession, fakeBackends } from './testing/fake-backends.ts';
import { readUntil, until } from './testing/read-socket.ts';

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
