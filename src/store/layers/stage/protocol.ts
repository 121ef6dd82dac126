import type { ErrorCode } from '../../../base/mod.ts';
import type { ChunkedState } from '../../../spec/http/chunked.ts';
import type { SocketBack } from '../layer-store.ts';
import type { JobRequest, JobResult } from './layer-job.ts';

/** What is to be read from a lent socket; see `SocketPiece`. */
export interface LentReading {
  length: number;
  stallMs: number;
  head: Uint8Array | undefined;
  chunks: ChunkedState | undefined;
  returns: boolean;
}

/**
 * What the main thread and a stage worker say to each other. Buffers travel: whoever holds one may touch it. The
 * worker gives each back when it has read it, which is the credit for the next. Each message to the worker is followed
 * by a signal on its eventfd, since it waits for sockets, not for messages, while it has any.
 */
export type ToWorker =
  | { kind: 'begin'; job: number; request: JobRequest }
  | { kind: 'bytes'; job: number; buffer: ArrayBuffer; length: number }
  /** Bytes that the worker reads itself, and says `drained`; it closes `fd`. */
  | ({ kind: 'socket'; job: number; fd: number } & LentReading)
  | { kind: 'end'; job: number }
  /** `keep`: what came so far is of use to another job. */
  | { kind: 'abort'; job: number; keep: boolean }
  | { kind: 'quit' };

export type FromWorker =
  /** The spool was read again; `length` bytes came out of it. */
  | { kind: 'replayed'; job: number; length: number }
  | { kind: 'taken'; job: number; buffer: ArrayBuffer; length: number }
  /** Bytes of a socket, read and worked off. */
  | { kind: 'read'; job: number; length: number }
  | { kind: 'drained'; job: number; got: number; stalled: boolean; back: SocketBack | undefined }
  | { kind: 'done'; job: number; result: JobResult }
  | { kind: 'failed'; job: number; code: ErrorCode; message: string }
  | { kind: 'aborted'; job: number };
