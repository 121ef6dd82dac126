import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../base/mod.ts';
import type { EventMessage } from '../../spec/docker/mod.ts';

/** Two files of this size are the most that the event log takes, bytes. */
const LOG_BYTES = 4 * 1024 * 1024;
const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;

/** A place in the log: files are counted as they are begun. */
export interface Position {
  file: number;
  offset: number;
}

/** True if `a` is at or behind `b`. */
export function isReached(a: Position, b: Position): boolean {
  return a.file > b.file || (a.file === b.file && a.offset >= b.offset);
}

/**
 * Events on disk: each is a line in `events/current.jsonl` under the data-root, or in the file before it,
 * `previous.jsonl`. Not synced: a power cut may take the last ones, a killed daemon takes none.
 * Crash: half a last line is cut off by the next daemon.
 */
export class EventLog {
  readonly #directory: string;
  readonly #limit: number;
  #fd: number;
  #bytes: number;
  /** Number of the current file. */
  #file = 1;

  constructor(dataRoot: string, limit = LOG_BYTES) {
    this.#limit = limit;
    this.#directory = join(dataRoot, 'events');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    this.#fd = openSync(this.#path('current'), 'a+', 0o600);
    this.#bytes = withoutHalfLine(this.#fd);
  }

  /** Where the next event goes. */
  get end(): Position {
    return { file: this.#file, offset: this.#bytes };
  }

  /** The earliest that is kept. */
  get beginning(): Position {
    return { file: this.#file - 1, offset: 0 };
  }

  /** Appends one; gives the place behind it, or undefined where it could not be written (a full disk, a closed log). */
  append(event: EventMessage): Position | undefined {
    // Race: what still ends while the daemon does. The number may be another file's by now.
    if (this.#fd < 0) return undefined;
    try {
      if (this.#bytes > this.#limit) this.#rotate();
      const line = Buffer.from(`${JSON.stringify({ ...event, timeNano: event.timeNano.toString() })}\n`);
      const written = writeSync(this.#fd, line);
      if (written < line.length) {
        ftruncateSync(this.#fd, this.#bytes);
        return undefined;
      }
      this.#bytes += written;
      return this.end;
    } catch {
      return undefined;
    }
  }

  /** The events from `from` on, with the place behind each, as they are on disk now. What a rotation took is passed over. */
  async *read(from: Position): AsyncGenerator<{ event: EventMessage; end: Position }, void, undefined> {
    let at = isReached(from, this.beginning) ? from : this.beginning;
    for (;;) {
      const { file } = at;
      const latest = this.#file;
      const handle = await open(this.#path(file === latest ? 'current' : 'previous')).catch(
        (error: unknown) => {
          if (errnoOf(error) === 'ENOENT') return undefined;
          throw error;
        },
      );
      try {
        // Race: a rotation while it was opened changed the names.
        if (this.#file !== latest) {
          if (!isReached(at, this.beginning)) at = this.beginning;
          continue;
        }
        for await (const { event, end } of linesOf(handle, at.offset)) {
          at = { file, offset: end };
          if (event) yield { event, end: at };
        }
      } finally {
        await handle?.close();
      }
      if (file >= this.#file) return;
      at = { file: file + 1, offset: 0 };
    }
  }

  /** The events, the latest first, for who looks for one of a moment ago. */
  *backwards(): Generator<EventMessage, void, undefined> {
    for (const name of ['current', 'previous'] as const) {
      let fd: number;
      try {
        fd = openSync(this.#path(name), 'r');
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') continue;
        throw error;
      }
      try {
        for (const line of linesBackwards(fd)) {
          const event = parse(line);
          if (event) yield event;
        }
      } finally {
        closeSync(fd);
      }
    }
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #rotate(): void {
    renameSync(this.#path('current'), this.#path('previous'));
    const next = openSync(this.#path('current'), 'a+', 0o600);
    closeSync(this.#fd);
    this.#fd = next;
    this.#bytes = 0;
    this.#file++;
  }

  #path(name: 'current' | 'previous'): string {
    return join(this.#directory, `${name}.jsonl`);
  }
}

/** Cuts off what stands behind the last newline; gives the size. */
function withoutHalfLine(fd: number): number {
  const { size } = fstatSync(fd);
  const block = Buffer.allocUnsafe(BLOCK);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - BLOCK);
    const count = readSync(fd, block, 0, end - start, start);
    const newline = block.subarray(0, count).lastIndexOf(NEWLINE);
    if (newline >= 0 || start === 0) {
      const whole = newline >= 0 ? start + newline + 1 : 0;
      if (whole < size) ftruncateSync(fd, whole);
      return whole;
    }
    end = start;
  }
  return size;
}

async function* linesOf(
  handle: Awaited<ReturnType<typeof open>> | undefined,
  from: number,
): AsyncGenerator<{ event: EventMessage | undefined; end: number }, void, undefined> {
  let kept: Buffer = Buffer.alloc(0);
  let position = from;
  while (handle) {
    const block = Buffer.allocUnsafe(BLOCK);
    const { bytesRead } = await handle.read(block, 0, BLOCK, position + kept.length);
    if (bytesRead === 0) return;
    kept = Buffer.concat([kept, block.subarray(0, bytesRead)]);
    let at = 0;
    for (let newline = kept.indexOf(NEWLINE); newline >= 0; newline = kept.indexOf(NEWLINE, at)) {
      const event = parse(kept.toString('utf8', at, newline));
      at = newline + 1;
      yield { event, end: position + at };
    }
    kept = kept.subarray(at);
    position += at;
  }
}

function* linesBackwards(fd: number): Generator<string, void, undefined> {
  const block = Buffer.allocUnsafe(BLOCK);
  // Latin1 until a line is whole: a block may begin in the middle of a letter.
  let tail = '';
  for (let end = fstatSync(fd).size; end > 0; ) {
    const start = Math.max(0, end - BLOCK);
    const count = readSync(fd, block, 0, end - start, start);
    const lines = (block.toString('latin1', 0, count) + tail).split('\n');
    tail = lines.shift() ?? '';
    for (const line of lines.reverse()) yield Buffer.from(line, 'latin1').toString();
    end = start;
  }
  yield Buffer.from(tail, 'latin1').toString();
}

function parse(line: string): EventMessage | undefined {
  if (line === '') return undefined;
  try {
    const raw = JSON.parse(line) as Omit<EventMessage, 'timeNano'> & { timeNano: string };
    return { ...raw, timeNano: BigInt(raw.timeNano) };
  } catch {
    return undefined;
  }
}
