import { describe, expect, test } from 'bun:test';
import { createServer } from 'node:net';
import { ApiFixture, parseResponse } from './testing/api-fixture.ts';
import { clientFrame } from './testing/client-frame.ts';
import { FakeSession } from './testing/fake-backends.ts';
import { readUntil, until } from './testing/read-socket.ts';

const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const UPGRADE = 'Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n';
const head = (query: string, headers: string, version = '') =>
  `GET ${version}/containers/web/attach/ws?${query} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
/** Spec: the example of RFC 6455, section 1.3. */
const ACCEPTED =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

async function open(query = 'stream=1&stdin=1&stdout=1&stderr=1', version = '') {
  const api = await ApiFixture.start();
  const session = new FakeSession();
  api.engine.sessions.set('next', session);
  const socket = api.connect();
  socket.write(head(query, UPGRADE + KEY, version));
  expect(await readUntil(socket, (text) => text.endsWith('\r\n\r\n'))).toBe(ACCEPTED);
  return { api, session, socket, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

describe('attach by WebSocket', () => {
  test('hands messages to the container, and its output to the client, streams unframed', async () => {
    await using x = await open();
    x.socket.write(clientFrame(1, Buffer.from('one ')));
    x.socket.write(clientFrame(2, Buffer.from('two')));
    await until(() => Buffer.concat(x.session.input).toString() === 'one two');
    x.session.push('stdout', 'out');
    expect(await readUntil(x.socket, (text) => text.endsWith('out'))).toBe('\x82\x03out');
    x.session.push('stderr', 'err');
    expect(await readUntil(x.socket, (text) => text.endsWith('err'))).toBe('\x82\x03err');
    x.session.finish();
    expect(await readUntil(x.socket, (text) => text.length >= 4)).toBe('\x88\x02\x03\xe8');
  });

  test('answers a ping, echoes a close and lets go of the session', async () => {
    await using x = await open();
    x.socket.write(clientFrame(9, Buffer.from('hello')));
    expect(await readUntil(x.socket, (text) => text.length >= 7)).toBe('\x8a\x05hello');
    x.socket.write(clientFrame(8, Buffer.from([0x0b, 0xb8])));
    expect(await readUntil(x.socket, (text) => text.length >= 4)).toBe('\x88\x02\x0b\xb8');
    await until(() => x.session.closed > 0);
  });

  test('ends with 1002 where the client breaks the protocol', async () => {
    await using x = await open();
    x.socket.write(Buffer.from([0x81, 0x02, 0x78, 0x0a]));
    expect(await readUntil(x.socket, (text) => text.length >= 4)).toBe('\x88\x02\x03\xea');
    await until(() => x.session.closed > 0);
  });

  test('lets go of the session when the client is gone', async () => {
    await using x = await open();
    x.socket.destroy();
    await until(() => x.session.closed > 0);
  });

  test('sends text before API 1.28, and attaches all streams before 1.42', async () => {
    for (const [version, first, stdin] of [
      ['/v1.27', '\x81', true],
      ['/v1.28', '\x82', true],
      ['/v1.41', '\x82', true],
      ['/v1.42', '\x82', false],
    ] as const) {
      await using x = await open('stream=1', version);
      x.session.push('stdout', 'x');
      expect(await readUntil(x.socket, (text) => text.length >= 3)).toBe(`${first}\x01x`);
      expect(x.api.engine.calls).toEqual([
        `attach web {"stream":true,"stdin":${stdin},"stdout":${stdin},"stderr":${stdin},"logs":false}`,
      ]);
    }
  });

  test('refuses what is no handshake, and says what is wrong', async () => {
    await using api = await ApiFixture.start();
    const refused = async (headers: string) => (await api.raw(head('stream=1', headers))).split('\r\n\r\n');
    const plain = parseResponse(await api.raw(head('stream=1', 'Connection: close\r\n')));
    expect(plain).toMatchObject({ status: 400, body: 'not websocket protocol' });
    expect(await refused(UPGRADE)).toEqual(['HTTP/1.1 400 Bad Request', 'mismatch challenge/response']);
    expect(await refused(KEY + UPGRADE.replace('13', '8'))).toEqual([
      'HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13',
      'missing or bad WebSocket Version',
    ]);
    const missing = await api.raw(head('stream=1', UPGRADE + KEY).replace('/web/', '/nope/'));
    expect(parseResponse(missing)).toMatchObject({
      status: 404,
      body: '{"message":"No such container: nope"}\n',
    });
  });

  test('is understood by a client that we did not write', async () => {
    await using api = await ApiFixture.start();
    const port = await freePort();
    await api.server.listen([`tcp://127.0.0.1:${port}`]);
    const session = new FakeSession();
    api.engine.sessions.set('next', session);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/containers/web/attach/ws?stream=1&stdin=1&stdout=1`);
    socket.binaryType = 'arraybuffer';
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    const big = 'x'.repeat(100_000);
    socket.send(big);
    await until(() => Buffer.concat(session.input).length === big.length);
    const received = new Promise((resolve) =>
      socket.addEventListener('message', ({ data }) => resolve((data as ArrayBuffer).byteLength), {
        once: true,
      }),
    );
    session.push('stdout', Buffer.alloc(70_000, 'y'));
    expect(await received).toBe(70_000);
    const closed = new Promise((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
    session.finish();
    expect(await closed).toBe(1000);
  });
});
