import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { EngineError } from '../base/mod.ts';
import type { Digest } from '../spec/digest.ts';
import { parseReference } from '../spec/reference.ts';
import { createRegistry } from './create-registry.ts';
import type { Limits } from './limits.ts';
import type { BlobSource } from './registry.ts';
import { UploadRegistry } from './testing/upload-registry.ts';

const FAST: Partial<Limits> = { backoffMs: 1, maxBackoffMs: 4, headMs: 400, stallMs: 400, commitMs: 400 };
/** More than is sent in one request. */
const BLOB = Buffer.alloc(6 << 20);
for (let i = 0; i < BLOB.length; i += 4) BLOB.writeUInt32LE((i * 2_654_435_761) >>> 0, i);

const digestOf = (bytes: Uint8Array) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;

/** A source of `bytes`, and how often it was opened and closed. */
function sourceOf(bytes: Buffer, failAt = Number.POSITIVE_INFINITY) {
  const counts = { opened: 0, closed: 0 };
  const open: BlobSource = async function* () {
    counts.opened++;
    try {
      for (let at = 0; at < bytes.length; at += 300_000) {
        if (at >= failAt) throw new EngineError('corrupt', 'layer sha256:x is damaged');
        yield bytes.subarray(at, at + 300_000);
      }
      return { digest: digestOf(bytes), size: bytes.length };
    } finally {
      counts.closed++;
    }
  };
  return { open, counts };
}

function pushTo(registry: UploadRegistry, limits: Partial<Limits> = {}, signal?: AbortSignal) {
  const client = createRegistry({ limits: { ...FAST, ...limits } });
  const reference = parseReference(`${registry.host}/a/b:1`);
  return client.push(reference, {
    auth: { username: 'u', password: 'p' },
    ...(signal ? { signal } : {}),
  });
}

describe('a blob is pushed', () => {
  test('in one stream, and put under its digest', async () => {
    await using registry = await UploadRegistry.start();
    const { open, counts } = sourceOf(BLOB);
    const pushed = await pushTo(registry).uploadBlob(open);
    expect(pushed).toEqual({ digest: digestOf(BLOB), size: BLOB.length });
    expect(registry.blobs.get(`a/b ${pushed.digest}`)?.equals(BLOB)).toBe(true);
    expect(registry.requests).toEqual(
      ['POST', 'PATCH', 'PUT'].map((method) => `${method} /v2/a/b/blobs/uploads/`),
    );
    expect(counts).toEqual({ opened: 1, closed: 1 });
  });

  test('in one request with its length when it is small', async () => {
    await using registry = await UploadRegistry.start();
    for (const bytes of [Buffer.from('small'), Buffer.alloc(0)]) {
      registry.requests.length = 0;
      await pushTo(registry).uploadBlob(sourceOf(bytes).open);
      expect(registry.requests).toEqual(['POST', 'PUT'].map((method) => `${method} /v2/a/b/blobs/uploads/`));
      expect(registry.blobs.get(`a/b ${digestOf(bytes)}`)?.equals(bytes)).toBe(true);
    }
  });
});

describe('an upload that is reset', () => {
  test('goes on where the registry stands', async () => {
    const fault = { method: 'PATCH', path: /uploads/, kind: 'reset' as const };
    await using registry = await UploadRegistry.start(
      { ...fault, bytes: 2_500_000 },
      { ...fault, bytes: 1_000_000 },
    );
    const { open, counts } = sourceOf(BLOB);
    const { digest } = await pushTo(registry).uploadBlob(open);
    expect(registry.blobs.get(`a/b ${digest}`)?.equals(BLOB)).toBe(true);
    expect(registry.received).toBe(BLOB.length);
    expect(counts).toEqual({ opened: 3, closed: 3 });
  });

  test('begins again where the registry has given it up', async () => {
    await using registry = await UploadRegistry.start({
      method: 'PATCH',
      path: /./,
      kind: 'reset',
      bytes: 900_000,
    });
    registry.resumable = false;
    const { digest } = await pushTo(registry).uploadBlob(sourceOf(BLOB).open);
    expect(registry.blobs.get(`a/b ${digest}`)?.equals(BLOB)).toBe(true);
    expect(registry.received).toBe(BLOB.length + 900_000);
  });

  test('again and again comes to an end', async () => {
    await using registry = await UploadRegistry.start({
      method: 'PATCH',
      path: /./,
      kind: 'reset',
      bytes: 1000,
      always: true,
    });
    await expect(pushTo(registry).uploadBlob(sourceOf(BLOB).open)).rejects.toThrow('connection reset');
    expect(registry.requests.filter((line) => line.startsWith('PATCH')).length).toBe(5);
  });

  test('after all was sent is found to be there', async () => {
    await using registry = await UploadRegistry.start({ method: 'PUT', path: /digest=/, kind: 'lose' });
    const pushed = await pushTo(registry).uploadBlob(sourceOf(BLOB).open);
    expect(pushed.size).toBe(BLOB.length);
    expect(registry.received).toBe(BLOB.length);
  });
});

describe('a push', () => {
  test('tries again after 503, and waits for nobody who hangs', async () => {
    await using registry = await UploadRegistry.start(
      { method: 'POST', path: /./, kind: 'answer', status: 503 },
      { method: 'PATCH', path: /./, kind: 'answer', status: 503 },
    );
    await pushTo(registry).uploadBlob(sourceOf(BLOB).open);
    await using hanging = await UploadRegistry.start({
      method: 'PATCH',
      path: /./,
      kind: 'hang',
      always: true,
    });
    await expect(pushTo(hanging).uploadBlob(sourceOf(BLOB).open)).rejects.toMatchObject({ code: 'timeout' });
  });

  test('shows its login where it is asked for in the middle, and sends the same again', async () => {
    await using registry = await UploadRegistry.start({
      method: 'PATCH',
      path: /./,
      kind: 'answer',
      status: 401,
      // Race: where a body is left unread, the connection's reset may overtake the answer.
      afterBody: true,
      headers: { 'www-authenticate': 'Basic realm="x"' },
    });
    const { digest } = await pushTo(registry).uploadBlob(sourceOf(BLOB).open);
    expect(registry.blobs.get(`a/b ${digest}`)?.equals(BLOB)).toBe(true);
    const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
    expect(registry.authorizations).toEqual([undefined, undefined, basic, basic]);
  });

  test('sends no login to where an upload leads elsewhere', async () => {
    await using elsewhere = await UploadRegistry.start();
    await using registry = await UploadRegistry.start({
      method: 'POST',
      path: /./,
      kind: 'answer',
      status: 202,
      headers: { location: `http://${elsewhere.host}/v2/a/b/blobs/uploads/none` },
    });
    registry.faults.unshift({
      method: 'HEAD',
      path: /./,
      kind: 'answer',
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="x"' },
    });
    const target = pushTo(registry);
    expect(await target.findBlob(digestOf(BLOB))).toBe(undefined);
    expect(registry.authorizations.at(-1)).toStartWith('Basic ');
    await expect(target.uploadBlob(sourceOf(BLOB).open)).rejects.toThrow();
    expect(elsewhere.requests[0]).toStartWith('PATCH');
    expect(new Set(elsewhere.authorizations)).toEqual(new Set([undefined]));
  });

  test('whose source fails tells why, and takes the upload back', async () => {
    await using registry = await UploadRegistry.start();
    const { open, counts } = sourceOf(BLOB, 3_000_000);
    await expect(pushTo(registry).uploadBlob(open)).rejects.toMatchObject({
      code: 'corrupt',
      message: 'layer sha256:x is damaged',
    });
    expect(registry.requests.at(-1)).toStartWith('DELETE');
    expect(registry.blobs.size).toBe(0);
    expect(counts).toEqual({ opened: 1, closed: 1 });
    await expect(pushTo(registry).uploadBlob(sourceOf(BLOB, 0).open)).rejects.toMatchObject({
      code: 'corrupt',
    });
  });

  test('that is denied says so in the registry’s words', async () => {
    await using registry = await UploadRegistry.start({
      method: 'POST',
      path: /./,
      kind: 'answer',
      status: 403,
      always: true,
    });
    await expect(pushTo(registry).uploadBlob(sourceOf(BLOB).open)).rejects.toThrow('403');
    await expect(pushTo(registry).mountBlob(digestOf(BLOB), 'x')).rejects.toThrow('403');
  });

  test('ends with its signal', async () => {
    await using registry = await UploadRegistry.start({ method: 'PATCH', path: /./, kind: 'hang' });
    const abort = new AbortController();
    const work = pushTo(registry, { stallMs: 60_000, commitMs: 60_000 }, abort.signal).uploadBlob(
      sourceOf(BLOB).open,
    );
    setTimeout(() => abort.abort(), 50);
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('mounts what another repository has; what it opened in vain is used, or taken back', async () => {
    await using registry = await UploadRegistry.start();
    const small = Buffer.from('x');
    registry.blobs.set(`other ${digestOf(small)}`, small);
    const target = pushTo(registry);
    expect(await target.mountBlob(digestOf(small), 'other')).toBe(true);
    expect(await target.findBlob(digestOf(small))).toBe(1);
    expect(await target.mountBlob(digestOf(BLOB), 'other')).toBe(false);
    expect(await target.mountBlob(digestOf(BLOB), 'third')).toBe(false);
    registry.requests.length = 0;
    await target.uploadBlob(sourceOf(BLOB).open);
    await target[Symbol.asyncDispose]();
    expect(registry.requests.map((line) => line.split(' ')[0])).toEqual(['PATCH', 'PUT', 'DELETE']);
  });
});
