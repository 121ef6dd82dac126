import type { FormatName } from '../files/record-format.ts';
import { type RecordEncoder, recordTail } from '../json-file/encoder.ts';
import type { Stamp } from '../json-file/stamp.ts';
import { decodeMessage, recordLength } from '../local/decode.ts';
import { LocalEncoder, localTail } from '../local/encoder.ts';
import { FRAME } from '../local/wire.ts';

/** Writes lines as records of one format, for all containers of the pump in turn. */
export interface LineEncoder {
  /** What is the same in each record of one stream of one container. */
  tail(stream: 'stdout' | 'stderr', attrs?: Record<string, string>): unknown;
  /** See RecordEncoder.encode. */
  encode(from: number, to: number, tail: unknown, final: boolean, budget: number): number;
  readonly records: Uint8Array;
  /** The same text, whatever the times, by which a batch that is in the log already is known. */
  isSame(written: Uint8Array, records: Uint8Array): boolean;
  /**
   * Where the whole records of a file of `size` end: behind it, unless a power cut left half a record; `read` gives its
   * bytes. Undefined: a newline is all that is missing.
   */
  wholeEnd(size: number, read: (into: Uint8Array, position: number) => number): number | undefined;
}

const NEWLINE = 0x0a;

export function jsonLineEncoder(encoder: RecordEncoder): LineEncoder {
  const lastByte = new Uint8Array(1);
  return {
    tail: recordTail,
    encode: (from, to, tail, final, budget) =>
      encoder.encode(from, to, tail as ReturnType<typeof recordTail>, final, budget),
    get records() {
      return encoder.records;
    },
    isSame: (written, records) => timeless(written) === timeless(records),
    wholeEnd: (size, read) =>
      size === 0 || read(lastByte, size - 1) !== 1 || lastByte[0] === NEWLINE ? size : undefined,
  };
}

/** The records without their times. A quote inside the text has a backslash before it, so this finds no text. */
function timeless(records: Uint8Array): string {
  return Buffer.from(records.buffer, records.byteOffset, records.length)
    .toString('latin1')
    .replace(/"time":"[^"]*"\}\n/g, '\n');
}

export function localLineEncoder(stamp: Stamp, input: Uint8Array): LineEncoder {
  const encoder = new LocalEncoder(stamp, input);
  return {
    tail: localTail,
    encode: (from, to, tail, final, budget) =>
      encoder.encode(from, to, tail as ReturnType<typeof localTail>, final, budget),
    get records() {
      return encoder.records;
    },
    isSame: (written, records) => textOf(written) === textOf(records),
    wholeEnd: localEnd,
  };
}

/** Streams and texts, without times and what tells the parts of a long line: a new daemon numbers them anew. */
function textOf(records: Uint8Array): string {
  const bytes = Buffer.from(records.buffer, records.byteOffset, records.length);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = recordLength(bytes, at, bytes.length);
    if (length <= 0) return `${parts.join('')}damaged ${bytes.length - at}`;
    const record = decodeMessage(bytes, at + FRAME / 2, at + length - FRAME / 2);
    const text = Buffer.from(record?.line ?? []).toString('latin1');
    parts.push(`${record?.stream}:${text.length}:${text}`);
    at += length;
  }
  return parts.join('');
}

/** The last record tells its length at its end; where it does not, the file is read from the beginning. */
function localEnd(size: number, read: (into: Uint8Array, position: number) => number): number {
  const word = Buffer.alloc(FRAME / 2);
  if (size === 0) return 0;
  if (size >= FRAME && read(word, size - FRAME / 2) === FRAME / 2) {
    const start = size - FRAME - word.readUInt32BE(0);
    const length = word.readUInt32BE(0);
    if (start >= 0 && read(word, start) === FRAME / 2 && word.readUInt32BE(0) === length) return size;
  }
  let end = 0;
  const head = Buffer.alloc(FRAME / 2);
  while (end + FRAME <= size && read(head, end) === FRAME / 2) {
    const next = end + FRAME + head.readUInt32BE(0);
    if (next > size || read(word, next - FRAME / 2) !== FRAME / 2 || !word.equals(head)) break;
    end = next;
  }
  return end;
}

/** The encoders of one bench, each made when the first container needs it. */
export class LineEncoders {
  readonly #json: LineEncoder;
  readonly #stamp: Stamp;
  readonly #input: Uint8Array;
  #local: LineEncoder | undefined;

  constructor(stamp: Stamp, json: RecordEncoder) {
    this.#stamp = stamp;
    this.#json = jsonLineEncoder(json);
    this.#input = json.input;
  }

  of(format: FormatName): LineEncoder {
    if (format === 'json-file') return this.#json;
    this.#local ??= localLineEncoder(this.#stamp, this.#input);
    return this.#local;
  }
}
