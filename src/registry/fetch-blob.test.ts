import { describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { MEDIA_TYPES } from '../spec/oci/image.ts';
import { parseReference } from '../spec/reference.ts';
import { createRegistry } from './create-registry.ts';
import { descriptorOf } from './testing/fake-image.ts';
import { FakeRegistry, type FakeRequest } from './testing/fake-registry.ts';

const limits = { headMs: 300, stallMs: 300, attempts: 3, backoffMs: 1, maxBackoffMs: 5 };
const blob = randomBytes(3 << 20);
const descriptor = descriptorOf(MEDIA_TYPES.ociLayerGzip, blob);

/** Offset that a request's Range asks for. */
const offsetOf = ({ headers }: FakeRequest) =>
  Number(/^bytes=(\d+)-$/.exec(headers['range'] ?? '')?.[1] ?? 0);
const rangeOf = (offset: number, total = blob.length) => ({
  'content-range': `bytes ${offset}-${total - 1}/${total}`,
});

/** Serves from the asked offset, but no more than `bytes`; the connection stays open. */
function servePart(request: FakeRequest, bytes = blob.length): void {
  const at = offsetOf(request);
  const headers = at > 0 ? rangeOf(at) : {};
  request.begin(blob.length - at, blob.subarray(at, at + bytes), headers);
}

async function fetchFrom(handler: (request: FakeRequest) => void, { offset = 0, size = blob.length } = {}) {
  await using fake = await FakeRegistry.start(handler);
  using registry = createRegistry({ limits });
  const chunks: Uint8Array[] = [];
  const reference = parseReference(`${fake.host}/x:latest`);
  try {
    for await (const chunk of registry.fetchBlob(reference, { ...descriptor, size }, { offset }))
      chunks.push(chunk);
    return { bytes: Buffer.concat(chunks), chunks, fake, message: '', code: '' };
  } catch (error) {
    const { message, code } = error as { message: string; code: string };
    return {
      bytes: Buffer.concat(chunks),
      chunks,
      fake,
      message: message.replaceAll(fake.host, 'HOST'),
      code,
    };
  }
}

describe('fetchBlob', () => {
  test('gives the bytes in pieces of up to 256 KiB', async () => {
    const { bytes, chunks } = await fetchFrom(servePart);
    expect(bytes.equals(blob)).toBe(true);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(256 << 10);
  });

  test('begins at an offset, and needs no request for nothing', async () => {
    const { bytes, fake } = await fetchFrom(servePart, { offset: 1_000_000 });
    expect(bytes.equals(blob.subarray(1_000_000))).toBe(true);
    expect(fake.requests[0]?.headers['range']).toBe('bytes=1000000-');
    expect((await fetchFrom(servePart, { offset: blob.length })).fake.requests).toEqual([]);
    expect((await fetchFrom(servePart, { offset: blob.length + 1 })).code).toBe('invalid');
  });

  test.each([
    ['ends the connection', (request: FakeRequest) => request.socket.end()],
    ['resets the connection', (request: FakeRequest) => request.socket.resetAndDestroy()],
    ['goes silent', () => {}],
  ])('goes on by Range when the registry %s in the middle', async (_what, cut) => {
    const { bytes, fake, message } = await fetchFrom((request) => {
      servePart(request, request.index < 2 ? 1 << 20 : blob.length);
      if (request.index < 2) setTimeout(() => cut(request), 30);
    });
    expect(message).toBe('');
    expect(bytes.equals(blob)).toBe(true);
    expect(fake.requests.length).toBe(3);
    expect(offsetOf(fake.requests[1] as FakeRequest)).toBeGreaterThan(0);
  });

  test('skips what it has when the registry does not do ranges', async () => {
    const { bytes } = await fetchFrom((request) => {
      request.begin(blob.length, blob.subarray(0, request.index === 0 ? 2_000_000 : blob.length));
      if (request.index === 0) setTimeout(() => request.socket.end(), 30);
    });
    expect(bytes.equals(blob)).toBe(true);
  });

  test('ends after its attempts if there is no progress', async () => {
    const { fake, message, code } = await fetchFrom((request) => {
      servePart(request, 100);
      setTimeout(() => request.socket.end(), 10);
    });
    expect(message).toEndWith('unexpected EOF');
    expect(code).toBe('internal');
    expect(fake.requests.length).toBe(3);
  });

  test('ends when the registry trickles', async () => {
    const { code } = await fetchFrom((request) => {
      servePart(request, 1);
      const timer = setInterval(() => request.socket.write('x'), 20);
      request.socket.on('close', () => clearInterval(timer));
    });
    expect(code).toBe('timeout');
  });

  test('waits on 429 and 5xx in the middle', async () => {
    const { bytes } = await fetchFrom((request) => {
      if (request.index === 0) {
        servePart(request, 2 << 20);
        setTimeout(() => request.socket.end(), 30);
      } else if (request.index === 1) request.reply(429, '', { 'retry-after': '0' });
      else servePart(request);
    });
    expect(bytes.equals(blob)).toBe(true);
  });

  test.each([
    ['a length that is too large', (request: FakeRequest) => request.reply(200, blob)],
    [
      'more bytes than declared, without a length',
      ({ socket }: FakeRequest) => {
        socket.write('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n');
        socket.end(blob);
      },
    ],
  ])('refuses %s', async (_what, handler) => {
    const { code, bytes } = await fetchFrom(handler, { size: 1000 });
    expect(code).toBe('corrupt');
    expect(bytes.length).toBeLessThanOrEqual(1000);
  });

  test('refuses a range that begins elsewhere', async () => {
    const { code } = await fetchFrom(
      (request) => request.begin(10, blob.subarray(0, 10), rangeOf(2_000_000)),
      {
        offset: 1_000_000,
      },
    );
    expect(code).toBe('corrupt');
  });

  test('says unknown blob on 404', async () => {
    expect(await fetchFrom((request) => request.reply(404))).toMatchObject({
      code: 'not-found',
      message: 'unknown blob',
    });
  });

  test('lets go of the connection when the reader stops', async () => {
    await using fake = await FakeRegistry.start((request) => servePart(request, 1 << 20));
    using registry = createRegistry({ limits });
    for await (const _chunk of registry.fetchBlob(parseReference(`${fake.host}/x:y`), descriptor, {})) break;
    for (let i = 0; i < 100 && fake.connections > 0; i++) await Bun.sleep(5);
    expect(fake.connections).toBe(0);
  });

  test('does not read ahead of a slow reader', async () => {
    const size = 256 << 20;
    let sent = 0;
    await using fake = await FakeRegistry.start(({ socket }) => {
      const piece = Buffer.alloc(1 << 20);
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
      const pump = () => {
        while (sent < size) {
          sent += piece.length;
          if (!socket.write(piece)) return;
        }
      };
      socket.on('drain', pump);
      pump();
    });
    using registry = createRegistry({ limits });
    const source = registry.fetchBlob(parseReference(`${fake.host}/x:y`), { ...descriptor, size }, {});
    for await (const _chunk of source) {
      await Bun.sleep(400);
      break;
    }
    expect(sent).toBeLessThan(64 << 20);
  });

  test('is cancelled by its signal', async () => {
    await using fake = await FakeRegistry.start((request) => servePart(request, 100));
    using registry = createRegistry();
    const abort = new AbortController();
    const read = async () => {
      const options = { signal: abort.signal };
      for await (const _ of registry.fetchBlob(parseReference(`${fake.host}/x:y`), descriptor, options))
        abort.abort();
    };
    await expect(read()).rejects.toMatchObject({ code: 'cancelled' });
  });
});
