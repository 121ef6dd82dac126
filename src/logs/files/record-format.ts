import { decodeRecord } from '../json-file/decode.ts';
import { jsonTail } from '../json-file/tail.ts';
import { decodeMessage, nextRecord, recordLength } from '../local/decode.ts';
import { localTailOffset } from '../local/tail.ts';
import { FRAME } from '../local/wire.ts';
import type { LogRecord } from '../logs.ts';
import type { ByteSource } from './byte-source.ts';

export type FormatName = 'json-file' | 'local';

/** Takes records off a stream of bytes; one for each reader, since it remembers being in the middle of damage. */
export interface Splitter {
  /**
   * Adds the whole records of `bytes[0, filled)` to `records`, of which `[0, seen)` was shown before and is the
   * beginning of one. Gives how many bytes it is done with.
   */
  take(bytes: Buffer, seen: number, filled: number, records: LogRecord[]): number;
  /** What stands at the end of a file that is complete. */
  rest(bytes: Buffer, filled: number): LogRecord | undefined;
  /** The reader gives up `bytes[0, filled)`: no record is that long. */
  giveUp(): void;
}

/** How a file of records is read; how it is written stands in `pump/line-encoder.ts`. */
export interface RecordFormat {
  splitter(): Splitter;
  /**
   * Where the last `count` records of a plain file of that size begin, and how many those are (fewer where the file has
   * no more), reading backwards. Undefined if damage is in the way: only reading from the beginning helps.
   */
  tail(
    source: ByteSource,
    size: number,
    count: number,
  ): Promise<{ offset: number; found: number } | undefined>;
}

const NEWLINE = 0x0a;

class JsonSplitter implements Splitter {
  #skipping = false;

  take(bytes: Buffer, seen: number, filled: number, records: LogRecord[]): number {
    let at = 0;
    let newline = bytes.indexOf(NEWLINE, seen);
    while (newline >= 0 && newline < filled) {
      const record = this.#skipping ? undefined : decodeRecord(bytes, at, newline);
      if (record) records.push(record);
      this.#skipping = false;
      at = newline + 1;
      newline = bytes.indexOf(NEWLINE, at);
    }
    return this.#skipping ? filled : at;
  }

  rest(bytes: Buffer, filled: number): LogRecord | undefined {
    return filled > 0 && !this.#skipping ? decodeRecord(bytes, 0, filled) : undefined;
  }

  giveUp(): void {
    this.#skipping = true;
  }
}

class LocalSplitter implements Splitter {
  take(bytes: Buffer, _seen: number, filled: number, records: LogRecord[]): number {
    for (let at = 0; ; ) {
      const length = recordLength(bytes, at, filled);
      if (length === 0) return at;
      if (length < 0) {
        at = nextRecord(bytes, at + 1, filled);
        if (recordLength(bytes, at, filled) <= 0) return at;
        continue;
      }
      const record = decodeMessage(bytes, at + FRAME / 2, at + length - FRAME / 2);
      if (record) records.push(record);
      at += length;
    }
  }

  rest(): undefined {
    return undefined;
  }

  giveUp(): void {}
}

export const FORMATS: Record<FormatName, RecordFormat> = {
  'json-file': { splitter: () => new JsonSplitter(), tail: jsonTail },
  local: { splitter: () => new LocalSplitter(), tail: localTailOffset },
};
