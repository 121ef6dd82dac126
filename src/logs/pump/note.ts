import { readFileSync } from 'node:fs';
import { writeAt } from '../../sys/mod.ts';
import type { StreamName } from './protocol.ts';

const SIZE = 16;
const VERSION = 1;
const UNDER_WAY = 1;
const WRITTEN = 2;

/** The batch that the staging FIFO holds: whose it is, and how long the log was before it. */
export interface Note {
  stream: StreamName;
  logSize: number;
  /** The batch is in the log; what is left in the staging FIFO is only to be thrown away. */
  written: boolean;
}

const buffer = new Uint8Array(SIZE);
const view = new DataView(buffer.buffer);

/** Writes the note in one call. Crash: before it the old note stands, and its staging FIFO is empty. */
export function writeNote(fd: number, note: Note): void {
  buffer[0] = VERSION;
  buffer[1] = note.written ? WRITTEN : UNDER_WAY;
  buffer[2] = note.stream === 'stdout' ? 1 : 2;
  view.setFloat64(8, note.logSize, true);
  writeAt(fd, buffer, 0);
}

/** Reads the note; undefined if there is none that this version knows. */
export function readNote(path: string): Note | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  if (bytes.length < SIZE || bytes[0] !== VERSION) return undefined;
  const logSize = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(8, true);
  return { stream: bytes[2] === 2 ? 'stderr' : 'stdout', logSize, written: bytes[1] === WRITTEN };
}
