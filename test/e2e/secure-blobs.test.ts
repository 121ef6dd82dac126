import { afterAll, beforeAll, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { directly } from '../../src/registry/http/direct.ts';
import { takeDescriptor } from '../../src/sys/mod.ts';
import { Authority } from '../fixtures/certificates.ts';

const blob = randomBytes(5 << 20);
const limits = { headMs: 2000, stallMs: 300 };

/** What the server says to each request, by path. */
const answers: Record<string, (socket: TLSSocket) => void> = {
  '/whole': (socket) => socket.end(Buffer.concat([head(200, blob.length), blob])),
  '/more': (socket) => socket.end(Buffer.concat([head(200, blob.length), blob, Buffer.from('more')])),
  '/less': (socket) => socket.end(Buffer.concat([head(200, blob.length), blob.subarray(0, 1 << 20)])),
  '/silent': (socket) => socket.write(Buffer.concat([head(200, blob.length), blob.subarray(0, 1 << 20)])),
  '/elsewhere': (socket) => socket.end('HTTP/1.1 307 x\r\nLocation: /whole\r\nContent-Length: 0\r\n\r\n'),
  '/denied': (socket) => socket.end(Buffer.concat([head(403, 3), Buffer.from('no!')])),
};

function head(status: number, length: number): Buffer {
  return Buffer.from(`HTTP/1.1 ${status} x\r\nContent-Length: ${length}\r\n\r\n`);
}

let server: Server;
let ca: Buffer[];
let port = 0;
let connections = 0;

beforeAll(async () => {
  const own = await Authority.create();
  const pair = await own.issue('localhost', ['DNS:localhost']);
  ca = [readFileSync(own.cert)];
  server = createServer({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) }, (socket) => {
    connections++;
    socket.on('error', () => {});
    socket.once('data', (bytes) => answers[bytes.toString().split(' ')[1] ?? '']?.(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(() => {
  server.close();
});

async function fetchBlob(path: string, trust = true, signal?: AbortSignal) {
  const url = new URL(`https://localhost:${port}${path}`);
  const tls = { rejectUnauthorized: true, ...(trust ? { ca } : {}) };
  // What is not plain is remembered by who asks.
  const take = (socket: Parameters<typeof takeDescriptor>[0]) => takeDescriptor(socket);
  const answer = await directly({ method: 'GET', url, headers: {}, signal }, take, limits, tls);
  if (!answer) return undefined;
  const parts: Uint8Array[] = [];
  for await (const piece of answer.body.chunks()) parts.push(piece as Uint8Array);
  return { status: answer.status, bytes: Buffer.concat(parts) };
}

test('a blob over TLS is all of what was announced, and no more', async () => {
  for (const path of ['/whole', '/more']) {
    const answer = await fetchBlob(path);
    expect(answer?.status).toBe(200);
    expect(answer?.bytes.equals(blob)).toBe(true);
  }
});

test('one that breaks off, or falls silent, says so', async () => {
  await expect(fetchBlob('/less')).rejects.toMatchObject({ failure: 'reset', reason: 'unexpected EOF' });
  await expect(fetchBlob('/silent')).rejects.toMatchObject({ failure: 'stalled' });
});

test('an error is read; a redirect, and a peer that is not trusted, are left to the ordinary way', async () => {
  expect(await fetchBlob('/denied')).toEqual({ status: 403, bytes: Buffer.from('no!') });
  expect(await fetchBlob('/elsewhere')).toBe(undefined);
  connections = 0;
  expect(await fetchBlob('/whole', false)).toBe(undefined);
  expect(connections).toBe(0);
});

test('a signal ends it in the middle', async () => {
  const abort = new AbortController();
  const work = fetchBlob('/silent', true, abort.signal);
  setTimeout(() => abort.abort(), 50);
  await expect(work).rejects.toMatchObject({ failure: 'cancelled' });
});
