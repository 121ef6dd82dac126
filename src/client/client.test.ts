import { afterEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { EngineClient } from './engine-client.ts';
import { ApiError, ConnectionFailed, ConnectionLost } from './errors.ts';
import { jsonRecords } from './json-stream.ts';
import { outputOf, splitOutput } from './streams.ts';
import { InboundQueue } from './transport/connection.ts';
import { parseEndpoint } from './transport/endpoint.ts';
import { ResponseReader } from './transport/http.ts';

const home = mkdtempSync(`${tmpdir()}/minke-client-`);
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});
process.on('exit', () => rmSync(home, { recursive: true, force: true }));

/** A server that answers each request by what `answer` writes for its head. */
async function serve(answer: (head: string, socket: Socket) => void): Promise<EngineClient> {
  const path = `${home}/${Math.random().toString(36).slice(2)}.sock`;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => answer(bytes.toString('latin1'), socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const client = new EngineClient({ host: `unix://${path}` });
  cleanups.push(
    () => client[Symbol.dispose](),
    () => server.close(),
  );
  return client;
}

const json = (status: string, body: string) =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe('the client', () => {
  test('speaks the version that an older engine names, and keeps to it', async () => {
    const heads: string[] = [];
    const client = await serve((head, socket) => {
      heads.push(head.split(' ')[1] ?? '');
      const tooNew = '{"message":"client version 1.55 is too new. Maximum supported API version is 1.47"}';
      socket.write(head.includes('/v1.55/') ? json('400 Bad Request', tooNew) : json('200 OK', '[]'));
    });
    expect(await Promise.all([client.containers.list(), client.images.list()])).toEqual([[], []]);
    await client.networks.list();
    expect(client.api.apiVersion).toBe('1.47');
    expect(heads.at(-1)).toBe('/v1.47/networks');
  });

  test('throws the engine’s sentence with its status', async () => {
    const client = await serve((_head, socket) =>
      socket.write(json('404 Not Found', '{"message":"No such container: x"}')),
    );
    const error = await client.containers.inspect('x').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 404, message: 'No such container: x' });
  });

  test('says so when nobody listens, and when the engine hangs up', async () => {
    const nobody = new EngineClient({ host: `unix://${home}/nobody.sock` });
    expect(nobody.system.ping()).rejects.toBeInstanceOf(ConnectionFailed);
    const client = await serve((_head, socket) => socket.destroy());
    expect(client.system.ping()).rejects.toBeInstanceOf(ConnectionLost);
  });

  test('goes on reading a hijacked connection after it closed its own half', async () => {
    const client = await serve((head, socket) => {
      if (head.startsWith('POST')) {
        socket.write(
          'HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n\x01\0\0\0\0\0\0\x02hi',
        );
        socket.on('end', () => socket.end('\x02\0\0\0\0\0\0\x03bye'));
      }
    });
    const attached = await client.containers.attach('x', { stdin: true, stdout: true });
    attached.end();
    const pieces: string[] = [];
    for await (const { stream, data } of splitOutput(outputOf(attached))) {
      pieces.push(`${stream}:${new TextDecoder().decode(data)}`);
    }
    expect(pieces).toEqual(['stdout:hi', 'stderr:bye']);
    attached.close();
  });

  test('gives a wait back once the engine watches', async () => {
    let finish = () => {};
    const client = await serve((_head, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      finish = () => socket.write('10\r\n{"StatusCode":5}\r\n0\r\n\r\n');
    });
    const { result } = await client.containers.wait('x', 'next-exit');
    finish();
    expect(await result).toEqual({ StatusCode: 5 });
  });

  test('is cancelled by its signal', async () => {
    const client = await serve((_head, socket) =>
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
    );
    const controller = new AbortController();
    const { result } = await client.containers.wait('x', undefined, { signal: controller.signal });
    controller.abort();
    expect(result).rejects.toThrow();
  });
});

describe('answers', () => {
  test('are the same however the bytes are cut', async () => {
    const wire =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\n{"a":\r\n3\r\n1}\n\r\n0\r\nT: r\r\n\r\n';
    const bytes = new TextEncoder().encode(wire);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (sizes) => {
        const queue = new InboundQueue({ pause: () => {}, resume: () => {} });
        for (let at = 0, i = 0; at < bytes.length; at += sizes[i++ % sizes.length] ?? 1) {
          queue.push(bytes.slice(at, at + (sizes[i % sizes.length] ?? 1)));
        }
        queue.finish();
        const reader = new ResponseReader({
          read: () => queue.read(),
          write: async () => {},
          end() {},
          close() {},
        });
        const head = await reader.head();
        expect(head?.status).toBe(200);
        const records: unknown[] = [];
        if (head) for await (const record of jsonRecords(reader.body('GET', head))) records.push(record);
        expect(records).toEqual([{ a: 1 }]);
      }),
      { numRuns: 50 },
    );
  });

  test('that end too early are an error', async () => {
    const queue = new InboundQueue({ pause: () => {}, resume: () => {} });
    queue.push(new TextEncoder().encode('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab'));
    queue.finish();
    const reader = new ResponseReader({
      read: () => queue.read(),
      write: async () => {},
      end() {},
      close() {},
    });
    const head = await reader.head();
    const read = async () => {
      if (head) for await (const _chunk of reader.body('GET', head));
    };
    expect(read()).rejects.toBeInstanceOf(ConnectionLost);
  });
});

test('endpoints are read as DOCKER_HOST is', () => {
  expect(parseEndpoint('unix:///a/b')).toEqual({ kind: 'unix', path: '/a/b' });
  expect(parseEndpoint('tcp://[::1]:5/x/')).toEqual({ kind: 'tcp', host: '::1', port: 5, basePath: '/x' });
  expect(parseEndpoint('https://h')).toMatchObject({ port: 2376, tls: { verify: true } });
  expect(() => parseEndpoint('h')).toThrow('unable to parse docker host `h`');
});
