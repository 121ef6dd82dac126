import { decodeRecord } from '../json-file/decode.ts';
import type { LogRecord } from '../logs.ts';
import type { LogFile } from './log-file.ts';

const CHUNK = 128 * 1024;
/** The longest record of ours is 16 KiB of escapes and its attributes: what is longer is damage. */
const LONGEST = 1024 * 1024;
const NEWLINE = 0x0a;

/** Reads records of a log from one file after another; what was read up to stays known between calls. */
export class RecordReader {
  #file: LogFile;
  #offset: number;
  #buffer = Buffer.allocUnsafe(2 * CHUNK);
  /** `#buffer[0, #kept)` is the beginning of a line whose end is not read yet. */
  #kept = 0;
  /** In a damaged line that is too long to keep. */
  #skipping = false;

  constructor(file: LogFile, offset: number) {
    this.#file = file;
    this.#offset = offset;
  }

  get file(): LogFile {
    return this.#file;
  }

  /** Goes on with the next file. Closes nothing. */
  switchTo(file: LogFile): void {
    this.#file = file;
    this.#offset = 0;
    this.#kept = 0;
    this.#skipping = false;
  }

  /** The records of the next piece of the file, up to offset `end`; undefined if there is nothing new. */
  async read(end: number): Promise<LogRecord[] | undefined> {
    if (this.#buffer.length - this.#kept < CHUNK) this.#grow();
    const most = Math.min(CHUNK, end - this.#offset);
    if (most <= 0) return undefined;
    const { bytesRead } = await this.#file.handle.read(this.#buffer, this.#kept, most, this.#offset);
    if (bytesRead === 0) return undefined;
    this.#offset += bytesRead;
    return this.#split(this.#kept + bytesRead);
  }

  /** What stands after the last newline: whole, if a writer of Docker's lost only the newline. */
  rest(): LogRecord | undefined {
    return this.#kept > 0 && !this.#skipping ? decodeRecord(this.#buffer, 0, this.#kept) : undefined;
  }

  /** Notices that somebody has cut the file, and goes on from there. */
  async settle(): Promise<void> {
    const { size } = await this.#file.handle.stat();
    if (size >= this.#offset) return;
    const lineStart = this.#offset - this.#kept;
    if (!this.#skipping && size >= lineStart) {
      this.#kept = size - lineStart;
      this.#offset = size;
    } else {
      this.#kept = 0;
      this.#skipping = false;
      this.#offset = 0;
    }
  }

  #split(filled: number): LogRecord[] {
    const records: LogRecord[] = [];
    let at = 0;
    let newline = this.#buffer.indexOf(NEWLINE, this.#kept);
    while (newline >= 0 && newline < filled) {
      const record = this.#skipping ? undefined : decodeRecord(this.#buffer, at, newline);
      if (record) records.push(record);
      this.#skipping = false;
      at = newline + 1;
      newline = this.#buffer.indexOf(NEWLINE, at);
    }
    this.#buffer.copyWithin(0, at, filled);
    this.#kept = filled - at;
    if (this.#kept > LONGEST || (this.#skipping && this.#kept > 0)) {
      this.#skipping = true;
      this.#kept = 0;
    }
    return records;
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(2 * this.#buffer.length);
    this.#buffer.copy(larger, 0, 0, this.#kept);
    this.#buffer = larger;
  }
}
