import { FORMATS } from '../files/record-format.ts';
import type { LogRecord } from '../logs.ts';
import { closeLog, type LogFile, openLog, openNeighbour } from '../read/log-file.ts';
import { RecordReader } from '../read/record-reader.ts';
import type { Position } from './cursor.ts';
import type { ShipSpec } from './protocol.ts';

/** Some records, and where they end. */
export interface Piece {
  records: LogRecord[];
  position: Position;
  /** Bytes of the file that they took. */
  bytes: number;
}

/** The records of a log file that are yet to be sent: the file is the queue. */
export class RecordQueue {
  readonly #spec: ShipSpec;
  #reader: RecordReader | undefined;
  /** Opened files that come after the reader's. */
  #later: LogFile[] = [];
  /** Read already. */
  #held: Piece | undefined;
  #complete = false;
  #position: Position;

  private constructor(spec: ShipSpec, position: Position) {
    this.#spec = spec;
    this.#position = position;
  }

  /** Begins behind `from`; undefined = behind all that is there. Gives the bytes that wait already, too. */
  static async open(
    spec: ShipSpec,
    from: Position | undefined,
  ): Promise<{ queue: RecordQueue; backlog: number }> {
    const files = await openLog(spec.path);
    const last = files.at(-1);
    const position = from ?? { identity: last?.identity ?? '', offset: last?.size ?? 0 };
    const queue = new RecordQueue(spec, position);
    // Where the file is gone, what is there comes after it.
    const at = Math.max(
      0,
      files.findIndex(({ identity }) => identity === position.identity),
    );
    await closeLog(files.slice(0, at));
    queue.#later = files.slice(at);
    queue.#advance(queue.#later[0]?.identity === position.identity ? position.offset : 0);
    const waiting = files.slice(at).reduce((sum, { size }) => sum + (Number.isFinite(size) ? size : 0), 0);
    return { queue, backlog: Math.max(0, waiting - (queue.#reader?.position ?? 0)) };
  }

  get position(): Position {
    return this.#position;
  }

  /** The next records; undefined if there are none just now. */
  async next(): Promise<Piece | undefined> {
    const held = this.#held;
    this.#held = undefined;
    if (held) return held;
    for (;;) {
      const piece = await this.#read();
      if (piece) return piece;
      const next = await this.#following();
      if (!next) return undefined;
      // What was written between our last look and the rotation.
      const last = await this.#read();
      if (last) {
        this.#later.unshift(next);
        return last;
      }
      this.#later.unshift(next);
      await this.#nextFile();
    }
  }

  /**
   * Passes over the oldest records, so that what is left takes `most` bytes in the files, or is the newest record.
   * Gives how many bytes it passed over.
   */
  async keepLast(most: number): Promise<number> {
    if (!(await this.#openAll()) || !this.#reader) return 0;
    const sizes = await Promise.all([this.#reader.file, ...this.#later].map(sizeOf));
    const over = sizes.reduce((sum, size) => sum + size, 0) - this.#reader.position - most;
    if (over <= 0) return 0;
    this.#held = undefined;
    let left = over;
    // Whole files first: their records need not be looked at.
    for (const size of sizes.slice(0, -1)) {
      const rest = size - this.#reader.position;
      if (rest > left) break;
      left -= rest;
      await this.#nextFile();
    }
    while (left > 0) {
      const piece = await this.#read();
      if (!piece) break;
      const { from, bytes } = cut(piece, left);
      left -= bytes;
      const kept = piece.records.slice(from);
      const isLast = this.#later.length === 0 && this.#reader.position >= (sizes.at(-1) ?? 0);
      if (kept.length > 0) this.#held = { ...piece, records: kept };
      else if (isLast) this.#held = { ...piece, records: piece.records.slice(-1) };
    }
    return over - left;
  }

  /** Nothing more is written: all files are opened, so that it does not matter who removes them. */
  async complete(): Promise<void> {
    if (this.#complete) return;
    this.#complete = true;
    const files = await openLog(this.#spec.path);
    const known = [this.#reader?.file, ...this.#later].flatMap((file) => file?.identity ?? []);
    const last = known.at(-1);
    const at = last === undefined ? -1 : files.findIndex(({ identity }) => identity === last);
    await closeLog(files.slice(0, at + 1));
    this.#later.push(...files.slice(at + 1));
    if (!this.#reader) this.#advance(0);
  }

  async close(): Promise<void> {
    this.#complete = true;
    await closeLog([...(this.#reader ? [this.#reader.file] : []), ...this.#later.splice(0)]);
    this.#reader = undefined;
  }

  async #read(): Promise<Piece | undefined> {
    const reader = this.#reader;
    if (!reader) return undefined;
    const before = reader.position;
    for (let records = await reader.read(Number.POSITIVE_INFINITY); records; ) {
      if (records.length > 0) {
        this.#position = { identity: reader.file.identity, offset: reader.position };
        return { records, position: this.#position, bytes: reader.position - before };
      }
      records = await reader.read(Number.POSITIVE_INFINITY);
    }
    return undefined;
  }

  async #following(): Promise<LogFile | undefined> {
    const known = this.#later.shift();
    if (known || this.#complete) return known;
    if (this.#reader) return openNeighbour(this.#spec.path, this.#reader.file, 'newer');
    // The first record makes the file.
    const files = await openLog(this.#spec.path);
    this.#later = files.slice(1);
    return files[0];
  }

  /** Opens all files that there are; false if there is none. */
  async #openAll(): Promise<boolean> {
    if (!this.#reader) {
      const first = await this.#following();
      if (!first) return false;
      this.#later.unshift(first);
      this.#advance(0);
    }
    while (!this.#complete) {
      const newest = this.#later.at(-1) ?? this.#reader?.file;
      const next = newest && (await openNeighbour(this.#spec.path, newest, 'newer'));
      if (!next) break;
      this.#later.push(next);
    }
    return true;
  }

  async #nextFile(): Promise<void> {
    await this.#reader?.file.source.close();
    this.#advance(0);
  }

  #advance(offset: number): void {
    const file = this.#later.shift();
    this.#reader = file && new RecordReader(FORMATS[this.#spec.format], file, offset);
  }
}

/** How many of its records take `most` bytes, and how many bytes those are. What a record has beside its line is much alike in all. */
function cut({ records, bytes }: Piece, most: number): { from: number; bytes: number } {
  if (bytes <= most) return { from: records.length, bytes };
  const beside = (bytes - records.reduce((sum, { line }) => sum + line.length, 0)) / records.length;
  let from = 0;
  let dropped = 0;
  for (const { line } of records) {
    if (dropped >= most) break;
    dropped += line.length + beside;
    from++;
  }
  return { from, bytes: dropped };
}

const lengths = new WeakMap<LogFile, number>();
const SCRATCH = 256 * 1024;

/** Bytes of records in a file; a compressed one is inflated once for it. */
async function sizeOf(file: LogFile): Promise<number> {
  if (!file.compressed) return file.sizeNow();
  const known = lengths.get(file);
  if (known !== undefined) return known;
  const scratch = Buffer.allocUnsafe(SCRATCH);
  let length = 0;
  for (let count = 1; count > 0; length += count) {
    count = await file.source.read(scratch, 0, SCRATCH, length);
  }
  lengths.set(file, length);
  return length;
}
