import type { RecordFormat, Splitter } from '../files/record-format.ts';
import type { LogRecord } from '../logs.ts';
import type { LogFile } from './log-file.ts';

const CHUNK = 128 * 1024;
/** The longest record of ours is 16 KiB of escapes and its attributes: what is longer is damage. */
const LONGEST = 1024 * 1024;

/** Reads records of a log from one file after another; what was read up to stays known between calls. */
export class RecordReader {
  readonly #format: RecordFormat;
  #splitter: Splitter;
  #file: LogFile;
  #offset: number;
  #buffer = Buffer.allocUnsafe(2 * CHUNK);
  /** `#buffer[0, #kept)` is the beginning of a record whose end is not read yet. */
  #kept = 0;

  constructor(format: RecordFormat, file: LogFile, offset: number) {
    this.#format = format;
    this.#splitter = format.splitter();
    this.#file = file;
    this.#offset = offset;
  }

  get file(): LogFile {
    return this.#file;
  }

  /** Behind the last record that was given. */
  get position(): number {
    return this.#offset - this.#kept;
  }

  /** Goes on with the next file. Closes nothing. */
  switchTo(file: LogFile): void {
    this.#file = file;
    this.#begin(0);
  }

  /** The records of the next piece of the file, up to offset `end`; undefined if there is nothing new. */
  async read(end: number): Promise<LogRecord[] | undefined> {
    if (this.#buffer.length - this.#kept < CHUNK) this.#grow();
    const most = Math.min(CHUNK, end - this.#offset);
    if (most <= 0) return undefined;
    const count = await this.#file.source.read(this.#buffer, this.#kept, most, this.#offset);
    if (count === 0) return undefined;
    this.#offset += count;
    const records: LogRecord[] = [];
    const filled = this.#kept + count;
    const done = this.#splitter.take(this.#buffer, this.#kept, filled, records);
    this.#buffer.copyWithin(0, done, filled);
    this.#kept = filled - done;
    if (this.#kept > LONGEST) {
      this.#splitter.giveUp();
      this.#kept = 0;
    }
    return records;
  }

  /** What stands after the last newline: whole, if a writer of Docker's lost only the newline. */
  rest(): LogRecord | undefined {
    return this.#splitter.rest(this.#buffer, this.#kept);
  }

  /** Notices that somebody has cut the file, and goes on from there. */
  async settle(): Promise<void> {
    const size = await this.#file.sizeNow();
    if (size >= this.#offset) return;
    if (size >= this.position) {
      this.#kept = size - this.position;
      this.#offset = size;
    } else this.#begin(0);
  }

  #begin(offset: number): void {
    this.#splitter = this.#format.splitter();
    this.#offset = offset;
    this.#kept = 0;
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(2 * this.#buffer.length);
    this.#buffer.copy(larger, 0, 0, this.#kept);
    this.#buffer = larger;
  }
}
