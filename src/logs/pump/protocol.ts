import type { ContainerId } from '../../base/mod.ts';
import type { FormatName } from '../files/record-format.ts';

/** What the main thread tells the pump's thread. A `key` names one registration and is never used again. */
export type ToPump =
  | { type: 'register'; call: number; source: SourceSpec; epoch: number }
  | { type: 'drain'; call: number; key: number }
  | { type: 'unregister'; call: number; key: number }
  /** From now on hand over copies, under that epoch; 0 = no more. */
  | { type: 'watch'; key: number; epoch: number }
  /** That much of what was handed over is consumed. */
  | { type: 'ack'; key: number; epoch: number; bytes: number }
  /** Say once when the log has grown. */
  | { type: 'follow'; key: number }
  /** That many bytes of its log have got to their receiver. */
  | { type: 'shipped'; key: number; bytes: number }
  /** A compressed copy of a rotated file: put it in its place. */
  | { type: 'compressed'; path: string; identity: string; copy: string }
  | { type: 'close' };

/** What the pump tells the main thread. */
export type FromPump =
  | { type: 'answer'; call: number; error?: { message: string; code?: string } }
  | { type: 'chunk'; key: number; epoch: number; stream: StreamName; data: Uint8Array }
  | { type: 'grown'; key: number }
  /** The file before the current one is complete, and to be compressed. */
  | { type: 'rotated'; path: string; format: FormatName }
  /** The last `compressed` copy has its place. */
  | { type: 'placed' }
  | { type: 'trouble'; message: string; fields: Record<string, string | number> }
  /** The pump cannot go on and has closed its FIFOs; the bytes are in the pipes. */
  | { type: 'fatal'; message: string };

export type StreamName = 'stdout' | 'stderr';

/** How a log is written. */
export interface FileDriver {
  kind: 'file';
  format: FormatName;
  /** Bytes at which a file is rotated; Infinity = never. */
  maxSize: number;
  maxFiles: number;
  compress: boolean;
  /** Bytes that a receiver may be behind before the container waits; Infinity = it does not. */
  hold: number;
}

export interface SourceSpec {
  key: number;
  id: ContainerId;
  path: string;
  notePath: string;
  driver: { kind: 'none' } | FileDriver;
  stdio?: { stdout: string; stderr: string; staging: string };
  ptyMaster?: number;
  attrs?: Record<string, string>;
}

/** At most that much of a container's output is under way to its clients; then it is not read on. */
export const HANDOVER_LIMIT = 1024 * 1024;
/** What a chunk counts beside its bytes, so that many tiny ones are bounded too. */
export const CHUNK_COST = 256;

/** What a chunk counts against HANDOVER_LIMIT. */
export function chunkCost(data: Uint8Array): number {
  return data.length + CHUNK_COST;
}
