import { closeSync, constants, openSync } from 'node:fs';
import { readIntoAt, seekEnd, truncateFile, writeAll } from '../../sys/mod.ts';
import type { LineEncoder } from './line-encoder.ts';

/** The open log and note of one container. */
export interface OpenLog {
  log: number;
  note: number;
}

const LOG_MODE = 0o640;
/** Spec: pwrite(2) on a descriptor with O_APPEND appends, whatever the offset; so not 'a'. */
const NOTE_FLAGS = constants.O_RDWR | constants.O_CREAT;
const NOTE_MODE = 0o600;
const NEWLINE = 0x0a;

/**
 * Logs and notes are opened on demand and the least recently used are closed, so that idle containers hold no
 * descriptor for them.
 */
export class OpenFiles {
  readonly #open = new Map<string, OpenLog>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The container's files; `notePath` undefined = it needs no note. */
  open(path: string, notePath: string | undefined, encoder: LineEncoder): OpenLog {
    const known = this.#open.get(path);
    if (known) {
      if (this.#open.size > 1) {
        this.#open.delete(path);
        this.#open.set(path, known);
      }
      return known;
    }
    while (this.#open.size >= this.#limit) {
      const [oldest] = this.#open.keys();
      if (oldest === undefined) break;
      this.close(oldest);
    }
    const log = openSync(path, 'a+', LOG_MODE);
    try {
      endLastRecord(log, path, encoder);
      const note = notePath === undefined ? -1 : openSync(notePath, NOTE_FLAGS, NOTE_MODE);
      const opened = { log, note };
      this.#open.set(path, opened);
      return opened;
    } catch (error) {
      closeSync(log);
      throw error;
    }
  }

  /** Closes one container's files, if open. */
  close(path: string): void {
    const opened = this.#open.get(path);
    if (!opened) return;
    this.#open.delete(path);
    closeSync(opened.log);
    if (opened.note >= 0) closeSync(opened.note);
  }

  /** Closes all; gives how many there were. */
  closeAll(): number {
    const paths = [...this.#open.keys()];
    for (const path of paths) this.close(path);
    return paths.length;
  }
}

/** A power cut can leave half a record at the end; the next one must not become part of it. */
function endLastRecord(log: number, path: string, encoder: LineEncoder): void {
  const size = seekEnd(log);
  const end = encoder.wholeEnd(size, (into, position) => readIntoAt(log, into, position));
  if (end === undefined) writeAll(log, new Uint8Array([NEWLINE]));
  else if (end < size) truncateFile(log, end, path);
}
