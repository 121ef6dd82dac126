import { describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { createRegistry } from '../../src/registry/create-registry.ts';
import { LentSocket } from '../../src/registry/lent-socket.ts';
import { descriptorOf } from '../../src/registry/testing/fake-image.ts';
import { FakeRegistry, type FakeRequest } from '../../src/registry/testing/fake-registry.ts';
import { MEDIA_TYPES } from '../../src/spec/oci/image.ts';
import { parseReference } from '../../src/spec/reference.ts';
import { takeDescriptor } from '../../src/sys/mod.ts';

const limits = { headMs: 300, stallMs: 200, attempts: 3, backoffMs: 1, maxBackoffMs: 5 };
const blob = randomBytes(3 << 20);
const descriptor = descriptorOf(MEDIA_TYPES.ociLayerGzip, blob);
const offsetOf = ({ headers }: FakeRequest) =>
  Number(/^bytes=(\d+)-$/.exec(headers['range'] ?? '')?.[1] ?? 0);

function serve(request: FakeRequest, bytes = blob.length): void {
  const at = offsetOf(request);
  const range = { 'content-range': `bytes ${at}-${blob.length - 1}/${blob.length}` };
  request.begin(blob.length - at, blob.subarray(at, at + bytes), at > 0 ? range : {});
}

/** Reads a lent socket as the stage worker does: without blocking, to its end, its length or its stall time. */
async function drain(piece: LentSocket): Promise<Buffer> {
  const fd = piece.take();
  const parts: Buffer[] = [];
  const buffer = Buffer.alloc(64 << 10);
  let got = 0;
  const until = performance.now() + piece.stallMs;
  while (got < piece.length && performance.now() < until) {
    try {
      const count = readSync(fd, buffer, 0, Math.min(buffer.length, piece.length - got), null);
      if (count === 0) break;
      parts.push(Buffer.from(buffer.subarray(0, count)));
      got += count;
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') break;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  closeSync(fd);
  piece.settle(got, performance.now() >= until);
  return Buffer.concat(parts);
}

async function stream(handler: (request: FakeRequest) => void, offset = 0) {
  await using fake = await FakeRegistry.start(handler);
  using registry = createRegistry({ limits, takeDescriptor });
  const parts: Uint8Array[] = [];
  let lent = 0;
  for await (const piece of registry.streamBlob(parseReference(`${fake.host}/x:1`), descriptor, { offset })) {
    if (piece instanceof LentSocket) lent++;
    parts.push(piece instanceof LentSocket ? await drain(piece) : piece);
  }
  return { bytes: Buffer.concat(parts), lent, requests: fake.requests.length };
}

describe('streamBlob', () => {
  test('lends the socket of a plain answer, also to a Range', async () => {
    for (const offset of [0, 1_000_000]) {
      const { bytes, lent, requests } = await stream(serve, offset);
      expect(bytes.equals(blob.subarray(offset))).toBe(true);
      expect({ lent, requests }).toEqual({ lent: 1, requests: 1 });
    }
  });

  test('goes on by Range where a lent socket breaks off or falls silent', async () => {
    for (const end of ['reset', 'silence']) {
      let count = 0;
      const { bytes, lent } = await stream((request) => {
        serve(request, count++ === 0 ? 1 << 20 : blob.length);
        if (count === 1 && end === 'reset') setTimeout(() => request.socket.destroy(), 50);
      });
      expect(bytes.equals(blob)).toBe(true);
      expect(lent).toBe(2);
    }
  });

  test.each([
    ['is busy', (request: FakeRequest) => request.reply(503, 'busy'), 'received unexpected HTTP status: 503'],
    ['breaks off', (request: FakeRequest) => request.socket.destroy(), 'EOF'],
    ['says nothing', () => {}, 'net/http: timeout awaiting response headers'],
  ])('makes no more tries than are allowed where the registry %s', async (_what, handler, reason) => {
    await using fake = await FakeRegistry.start(handler);
    using registry = createRegistry({ limits, takeDescriptor });
    const blobs = registry.streamBlob(parseReference(`${fake.host}/x:1`), descriptor, {});
    expect(await blobs[Symbol.asyncIterator]().next().catch(String)).toContain(reason);
    // A peer that hangs is asked twice.
    expect(fake.requests.length).toBe(reason.includes('timeout') ? 2 : limits.attempts);
  });

  test('takes the ordinary way for an answer that is not plain, and stays on it', async () => {
    const kinds: ((request: FakeRequest) => void)[] = [
      // Knows no ranges.
      (request) => request.begin(blob.length, blob),
      (request) => {
        const at = offsetOf(request);
        const part = blob.subarray(at);
        const chunked = Buffer.concat([
          Buffer.from(`${part.length.toString(16)}\r\n`),
          part,
          Buffer.from('\r\n0\r\n\r\n'),
        ]);
        const range = `content-range: bytes ${at}-${blob.length - 1}/${blob.length}`;
        request.socket.write(
          `HTTP/1.1 206 Partial Content\r\n${range}\r\ntransfer-encoding: chunked\r\n\r\n`,
        );
        request.socket.write(chunked);
      },
    ];
    for (const kind of kinds) {
      const { bytes, lent, requests } = await stream(kind, 5);
      expect(bytes.equals(blob.subarray(5))).toBe(true);
      expect({ lent, requests }).toEqual({ lent: 0, requests: 2 });
    }
  });
});
