import { EngineError } from '../base/mod.ts';
import { AnswerError } from './errors.ts';
import { SourceError } from './http/pour.ts';
import { Retry } from './http/retry.ts';
import { TransportError } from './http/transport-error.ts';
import { findBlob, locationOf, type PushSession } from './push.ts';
import type { BlobSource, PushedBlob } from './registry.ts';

/** A blob of no more is sent in one request with its length, as are manifests. */
const SMALL_BYTES = 1 << 20;

/** Progress that wipes out earlier failures: a connection reset every few bytes must come to an end. */
const PROGRESS_BYTES = 1 << 20;

const OCTETS = { 'content-type': 'application/octet-stream' };

/**
 * Sends a blob: `POST` opens an upload, one `PATCH` streams it, `PUT` names its digest. After a reset it goes on where
 * the registry says that it stands; where that is unknown (CNCF's registry gives up an upload that broke off), from the
 * beginning. Spec: OCI distribution spec, "Pushing blobs". Why not in chunks: Google's registry takes none.
 */
export async function uploadBlob(target: PushSession, open: BlobSource): Promise<PushedBlob> {
  const retry = new Retry(target.session.limits, target.signal);
  let upload: Upload | undefined;
  let counted = 0;
  for (;;) {
    try {
      upload ??= { location: target.spare.pop() ?? (await begin(target)), offset: 0 };
      return await send(target, open, upload);
    } catch (error) {
      if (error instanceof SourceError) {
        if (upload) await cancelUpload(target, upload.location);
        throw error.cause;
      }
      const sent = upload?.complete;
      await retry.pause(error).catch(async (final: unknown) => {
        if (upload && !isTransport(final)) await cancelUpload(target, upload.location);
        throw final;
      });
      // Only its answer may have been lost.
      if (sent && (await findBlob(target, sent.digest)) === sent.size) return sent;
      upload = upload && (await resume(target, upload));
      if (upload && upload.offset - counted >= PROGRESS_BYTES) {
        counted = upload.offset;
        retry.reset();
      }
    }
  }
}

/** An upload under way. */
interface Upload {
  location: string;
  /** Bytes that the registry has. */
  offset: number;
  /** All of it was sent. */
  complete?: PushedBlob;
}

async function begin(target: PushSession): Promise<string> {
  const answer = await target.sendRetrying(
    target.request('POST', 'blobs/uploads/', { body: new Uint8Array(0) }),
  );
  return locationOf(answer) ?? fail('the registry did not say where to upload to');
}

async function send(target: PushSession, open: BlobSource, upload: Upload): Promise<PushedBlob> {
  await using blob = new Replay(open);
  const small = upload.offset === 0 ? await blob.ifSmall() : undefined;
  if (!small) await patch(target, blob, upload);
  const { digest, size } = blob.result ?? fail('an upload ended before its source');
  upload.complete = { digest, size };
  const url = new URL(upload.location);
  url.searchParams.append('digest', digest);
  const request = target.request('PUT', url.href, {
    headers: small ? OCTETS : {},
    body: small ?? new Uint8Array(0),
    headMs: target.session.limits.commitMs,
  });
  const { answer } = await target.send(request);
  await answer.body.discard();
  return { digest, size };
}

/** Streams what the registry has not. */
async function patch(target: PushSession, blob: Replay, upload: Upload): Promise<void> {
  const { offset } = upload;
  const request = target.request('PATCH', upload.location, {
    headers: OCTETS,
    body: () => blob.from(offset),
    headMs: target.session.limits.commitMs,
  });
  const { answer } = await target.send(request).catch((error: unknown) => {
    throw offset > 0 && isLost(error)
      ? new TransportError('PATCH', new URL(upload.location), 'reset', 'EOF')
      : error;
  });
  await answer.body.discard();
  upload.location = locationOf(answer) ?? upload.location;
  const end = endOf(answer.headers['range'] as string | undefined);
  const size = blob.result?.size;
  if (end === undefined || size === undefined || size < 2 || end === size) return;
  const reason = `the registry has ${end} bytes of ${size}`;
  throw new TransportError('PATCH', answer.url, 'reset', reason);
}

/** Where a broken upload stands; undefined if a new one must be begun. */
async function resume(target: PushSession, { location }: Upload): Promise<Upload | undefined> {
  try {
    const { answer } = await target.send(target.request('GET', location));
    await answer.body.discard();
    const offset = endOf(answer.headers['range'] as string | undefined) ?? 0;
    // Spec: `0-0` means one byte, and CNCF's registry says it for none.
    return offset > 1 ? { location: locationOf(answer) ?? location, offset } : undefined;
  } catch (error) {
    if (isTransport(error) && error.failure === 'cancelled') throw error;
    return undefined;
  }
}

/** Best effort, and not for long: registries purge what is left. */
export async function cancelUpload(target: PushSession, location: string): Promise<void> {
  const request = target.request('DELETE', location, { signal: AbortSignal.timeout(2000) });
  await target.send(request).then(
    ({ answer }) => answer.body.discard(),
    () => {},
  );
}

/** Bytes that a `Range: 0-N` speaks of. */
function endOf(range: string | undefined): number | undefined {
  const last = /^(?:bytes=)?0-(\d{1,15})$/.exec(range ?? '')?.[1];
  return last === undefined ? undefined : Number(last) + 1;
}

/** A source that can be read several times; keeps what it says in the end. */
class Replay {
  readonly #open: BlobSource;
  /** The first pieces, that were read to see how small it is. */
  #head: { pieces: Uint8Array[]; rest: AsyncGenerator<Uint8Array, PushedBlob, void> } | undefined;
  result: PushedBlob | undefined;

  constructor(open: BlobSource) {
    this.#open = open;
  }

  /** All of it if it is small; what was read is not lost if it is not. */
  async ifSmall(): Promise<Uint8Array | undefined> {
    const rest = this.#open();
    const pieces: Uint8Array[] = [];
    let size = 0;
    while (size < SMALL_BYTES) {
      const next = await rest.next().catch((error: unknown) => {
        throw new SourceError(error);
      });
      if (next.done) {
        this.result = next.value;
        return Buffer.concat(pieces);
      }
      pieces.push(next.value);
      size += next.value.length;
    }
    this.#head = { pieces, rest };
    return undefined;
  }

  async *from(offset: number): AsyncGenerator<Uint8Array, void, void> {
    const { pieces, rest } = this.#head ?? { pieces: [], rest: this.#open() };
    this.#head = undefined;
    let skip = offset;
    try {
      for (const piece of pieces) yield piece;
      for (;;) {
        const next = await rest.next();
        if (next.done) {
          this.result = next.value;
          return;
        }
        if (skip < next.value.length) yield skip === 0 ? next.value : next.value.subarray(skip);
        skip = Math.max(0, skip - next.value.length);
      }
    } finally {
      await rest.return(undefined as never);
    }
  }

  /** Closes what was begun and not gone on with. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#head?.rest.return(undefined as never);
  }
}

/** A registry that said where to go on, and then knows nothing of it: a new upload may do. */
function isLost(error: unknown): boolean {
  return error instanceof AnswerError && [400, 404, 416].includes(error.status);
}

function isTransport(error: unknown): error is TransportError {
  return error instanceof TransportError;
}

function fail(message: string): never {
  throw new EngineError('internal', message);
}
