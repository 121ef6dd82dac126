import type { ErrorCode } from '../../../base/mod.ts';
import type { JobRequest, JobResult } from './layer-job.ts';

/**
 * What the main thread and a stage worker say to each other. Buffers travel: whoever holds one may touch it. The
 * worker gives each back when it has read it, which is the credit for the next.
 */
export type ToWorker =
  | { kind: 'begin'; job: number; request: JobRequest }
  | { kind: 'bytes'; job: number; buffer: ArrayBuffer; length: number }
  | { kind: 'end'; job: number }
  | { kind: 'abort'; job: number }
  | { kind: 'quit' };

export type FromWorker =
  | { kind: 'taken'; job: number; buffer: ArrayBuffer; length: number }
  | { kind: 'done'; job: number; result: JobResult }
  | { kind: 'failed'; job: number; code: ErrorCode; message: string }
  | { kind: 'aborted'; job: number };
