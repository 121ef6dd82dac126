import { randomBytes } from 'node:crypto';
import { LINE_LIMIT } from '../json-file/encoder.ts';
import type { Stamp } from '../json-file/stamp.ts';
import { FIELD, FRAME, textField, varintLength, writeVarint } from './wire.ts';

const NEWLINE = 0x0a;
const MAX_TAIL = 4096;
const TIME_SPACE = 10;
/** partial=true, and the metadata with its 64 characters of id. */
const PARTIAL_SPACE = 128;
const WORST_RECORD = LINE_LIMIT + MAX_TAIL + TIME_SPACE + PARTIAL_SPACE + 64;

/** What is the same in each record of one stream, and the long line that is under way. */
export interface LocalTail {
  source: Uint8Array;
  attributes: Uint8Array;
  /** The parts of a line longer than LINE_LIMIT carry one id and are numbered from 1. */
  partial: { id: string; ordinal: number } | undefined;
}

/** Builds a LocalTail. `attrs` that do not fit are left out, as in a json-file. */
export function localTail(stream: 'stdout' | 'stderr', attrs?: Record<string, string>): LocalTail {
  const pairs = Object.entries(attrs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const attributes = Buffer.concat(
    pairs.map(([key, value]) =>
      textField(FIELD.attribute, Buffer.concat([textField(0x0a, key), textField(0x12, value)])),
    ),
  );
  return {
    source: textField(FIELD.source, stream),
    attributes: attributes.length <= MAX_TAIL ? attributes : new Uint8Array(0),
    partial: undefined,
  };
}

/** Turns output into records of the `local` driver, byte for byte as Docker writes them (see `wire.ts`). */
export class LocalEncoder {
  readonly #input: Buffer;
  readonly #out: Buffer;
  readonly #stamp: Stamp;
  readonly #time = new Uint8Array(TIME_SPACE);
  #timeLength = 0;
  #outEnd = 0;

  /** `input` is the bench's, where the text stands. */
  constructor(stamp: Stamp, input: Uint8Array) {
    this.#stamp = stamp;
    this.#input = Buffer.from(input.buffer, input.byteOffset, input.length);
    this.#out = Buffer.allocUnsafe(2 * input.length + WORST_RECORD);
  }

  get records(): Uint8Array {
    // Not a Buffer: a `slice` of it must be a copy.
    return new Uint8Array(this.#out.buffer, this.#out.byteOffset, this.#outEnd);
  }

  /** As RecordEncoder.encode. */
  encode(from: number, to: number, tail: LocalTail, final: boolean, budget: number): number {
    const input = this.#input;
    const limit = Math.min(budget, this.#out.length - WORST_RECORD);
    let out = 0;
    let at = from;
    let made = 0;
    while (at < to && (made === 0 || out < limit)) {
      const stop = Math.min(at + LINE_LIMIT, to);
      const newline = input.indexOf(NEWLINE, at);
      const whole = newline >= 0 && newline < stop;
      const end = whole ? newline : stop;
      if (!whole && !final && end - at < LINE_LIMIT) break;
      if (made++ === 0) this.#startTime(this.#stamp.take());
      else this.#nextTime();
      out = this.#record(out, at, end, tail, whole);
      at = whole ? end + 1 : end;
    }
    if (made > 1) this.#stamp.passed(made - 1);
    this.#outEnd = out;
    return at;
  }

  #record(start: number, from: number, to: number, tail: LocalTail, whole: boolean): number {
    const out = this.#out;
    const size = to - from;
    let at = start + FRAME / 2;
    out.set(tail.source, at);
    at += tail.source.length;
    out[at++] = FIELD.time;
    for (let i = 0; i < this.#timeLength; i++) out[at++] = this.#time[i] ?? 0;
    // Compat: proto3 leaves out what is empty.
    if (size > 0) {
      out[at++] = FIELD.line;
      at = writeVarint(out, at, size);
      this.#input.copy(out, at, from, to);
      at += size;
    }
    if (!whole || tail.partial) at = this.#partial(at, tail, whole);
    if (tail.attributes.length > 0) {
      out.set(tail.attributes, at);
      at += tail.attributes.length;
    }
    const length = at - start - FRAME / 2;
    out.writeUInt32BE(length, start);
    out.writeUInt32BE(length, at);
    return at + FRAME / 2;
  }

  #partial(start: number, tail: LocalTail, last: boolean): number {
    const partial = tail.partial ?? { id: randomBytes(32).toString('hex'), ordinal: 0 };
    partial.ordinal++;
    tail.partial = last ? undefined : partial;
    const out = this.#out;
    let at = start;
    out[at++] = FIELD.partial;
    out[at++] = 1;
    const length = (last ? 2 : 0) + 2 + partial.id.length + 1 + varintLength(partial.ordinal);
    out[at++] = FIELD.metadata;
    at = writeVarint(out, at, length);
    if (last) {
      out[at++] = 0x08;
      out[at++] = 1;
    }
    out[at++] = 0x12;
    out[at++] = partial.id.length;
    at += out.write(partial.id, at, 'latin1');
    out[at++] = 0x18;
    return writeVarint(out, at, partial.ordinal);
  }

  #startTime(time: bigint): void {
    let rest = time;
    this.#timeLength = 0;
    while (rest >= 0x80n) {
      this.#time[this.#timeLength++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#time[this.#timeLength++] = Number(rest);
  }

  /** A nanosecond later. The times of this century do not outgrow their nine bytes. */
  #nextTime(): void {
    for (let i = 0; i < this.#timeLength; i++) {
      const digit = ((this.#time[i] ?? 0) & 0x7f) + 1;
      const more = i < this.#timeLength - 1 ? 0x80 : 0;
      this.#time[i] = (digit & 0x7f) | more;
      if (digit < 0x80) return;
    }
  }
}
