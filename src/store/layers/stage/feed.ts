import { EngineError } from '../../../base/mod.ts';
import type { BlobSource, SocketPiece, StageRequest } from '../layer-store.ts';
import type { JobRequest, JobResult } from './layer-job.ts';
import type { ToWorker } from './protocol.ts';
import type { JobClient } from './stage-pool.ts';
import { isWorthKeeping } from './worth-keeping.ts';

/** Large enough that messages cost nothing, small enough that a slow network shows progress. */
const CHUNK = 512 * 1024;
/** Buffers of one job: two under way or being read, one being filled. */
const BUFFERS = 3;
const SPARE = 12;

export interface ByteSource {
  source: StageRequest['source'];
  onDownloaded?: ((bytes: number) => void) | undefined;
  onExtracted?: ((bytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

interface Feed {
  job: number;
  request: JobRequest;
  source: ByteSource;
  send: (message: ToWorker, transfer?: ArrayBuffer[]) => void;
  register: (client: JobClient) => void;
  /** Buffers of earlier jobs, to be used again: fresh memory is slow to touch for the first time. */
  spare: ArrayBuffer[];
}

/**
 * Passes a source to a worker: small chunks are gathered, and the source is read only while the worker keeps up.
 * A source that throws, or the signal, aborts the job; this returns when the worker has cleaned up.
 */
export async function feed({ job, request, source, send, register, spare }: Feed): Promise<JobResult> {
  const { promise: outcome, resolve: settle } = Promise.withResolvers<JobResult | EngineError>();
  let settled = false;
  const free: ArrayBuffer[] = [];
  let made = 0;
  let extracted = 0;
  let wake = () => {};
  let downloaded = 0;
  let lent: SocketPiece | undefined;
  let returned = Promise.withResolvers<void>();
  let replayed: number | undefined = request.replay ? undefined : 0;
  register({
    taken(buffer, length) {
      free.push(buffer);
      extracted += length;
      source.onExtracted?.(extracted);
      wake();
    },
    replayed(length) {
      replayed = length;
      wake();
    },
    read(length) {
      downloaded += length;
      source.onDownloaded?.(downloaded);
      extracted += length;
      source.onExtracted?.(extracted);
    },
    drained(got, stalled, back) {
      lent?.settle(got, stalled, back);
      lent = undefined;
      returned.resolve();
    },
    settled(result) {
      settled = true;
      settle(result);
      wake();
    },
  });
  const nextBuffer = async (): Promise<Buffer | undefined> => {
    while (!settled && free.length === 0 && made === BUFFERS) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (settled) return undefined;
    const buffer = free.pop();
    if (!buffer) made++;
    return Buffer.from(buffer ?? spare.pop() ?? new ArrayBuffer(CHUNK));
  };
  /** Lets the worker read from a socket; it reports what it reads as it goes. */
  const lend = async (piece: SocketPiece): Promise<void> => {
    const { length, stallMs, head, chunks, returns = false } = piece;
    lent = piece;
    returned = Promise.withResolvers<void>();
    send({ kind: 'socket', job, fd: piece.take(), length, stallMs, head, chunks, returns });
    await Promise.race([returned.promise, outcome]);
  };
  const pour = async (): Promise<void> => {
    let filling: Buffer | undefined;
    let filled = 0;
    const flush = () => {
      if (!filling || filled === 0) return;
      const buffer = filling.buffer as ArrayBuffer;
      send({ kind: 'bytes', job, buffer, length: filled }, [buffer]);
      filling = undefined;
      filled = 0;
    };
    while (!settled && replayed === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (settled || replayed === undefined) return;
    for await (const chunk of open(source, replayed)) {
      if (settled || source.signal?.aborted) {
        if (!(chunk instanceof Uint8Array)) chunk.release?.();
        return;
      }
      if (!(chunk instanceof Uint8Array)) {
        flush();
        await lend(chunk);
        if (settled || source.signal?.aborted) return;
        continue;
      }
      for (let at = 0; at < chunk.length; ) {
        filling ??= await nextBuffer();
        if (!filling) return;
        const length = Math.min(chunk.length - at, CHUNK - filled);
        filling.set(chunk.subarray(at, at + length), filled);
        filled += length;
        at += length;
        // Where the worker has nothing to do, it need not wait for a full buffer.
        if (filled === CHUNK || free.length === made - 1) flush();
      }
      downloaded += chunk.length;
      source.onDownloaded?.(downloaded);
      if (settled || source.signal?.aborted) return;
    }
    flush();
  };
  send({ kind: 'begin', job, request });
  const abort = () => {
    send({ kind: 'abort', job, keep: isWorthKeeping(source.signal?.reason) });
  };
  source.signal?.addEventListener('abort', abort, { once: true });
  try {
    if (source.signal?.aborted) abort();
    // A source may hang while the job is long over: whichever ends first.
    else await Promise.race([pour(), outcome]);
    if (!settled && !source.signal?.aborted) send({ kind: 'end', job });
  } catch (error) {
    abort();
    await outcome;
    throw error;
  } finally {
    source.signal?.removeEventListener('abort', abort);
    // Its owner needs it back, whatever became of the layer.
    if (lent?.returns) await returned.promise;
  }
  const result = await outcome;
  if (spare.length < SPARE) spare.push(...free);
  if (result instanceof EngineError) throw result;
  return result;
}

/** Without a signal of the request's own, one that never comes. */
function open({ source, signal }: ByteSource, offset: number): BlobSource {
  return typeof source === 'function' ? source(offset, signal ?? new AbortController().signal) : source;
}
