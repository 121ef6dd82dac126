import {
  BYTE_CLASS,
  ESCAPED,
  escapeAscii,
  lineSeparator,
  NEWLINE,
  replacement,
  sequenceLength,
} from './escape.ts';
import { STAMP_LENGTH, type Stamp } from './stamp.ts';

/** Compat: Docker's copier cuts a line after 16 KiB; only the last part ends in a newline. */
export const LINE_LIMIT = 16 * 1024;

const HEAD = ascii('{"log":"');
const NEWLINE_ESCAPE = ascii('\\n');
const TAIL_END = ascii(`"}\n{"log":"`);
const MAX_TAIL = 4096;
const WORST_RECORD = LINE_LIMIT * 6 + 2 + MAX_TAIL + HEAD.length;

/** What follows the text in each record of one stream, up to the text of the next record. */
export interface RecordTail {
  bytes: Uint8Array;
  stampAt: number;
}

/** Builds a RecordTail. `attrs` that do not fit are left out: they must not be able to fill the disk line by line. */
export function recordTail(stream: 'stdout' | 'stderr', attrs?: Record<string, string>): RecordTail {
  const extra = attrs && Object.keys(attrs).length > 0 ? `,"attrs":${JSON.stringify(attrs)}` : '';
  const head = (text: string) => new TextEncoder().encode(`","stream":"${stream}"${text},"time":"`);
  const fits = (bytes: Uint8Array) => bytes.length + STAMP_LENGTH + TAIL_END.length <= MAX_TAIL;
  const before = fits(head(extra)) ? head(extra) : head('');
  const bytes = new Uint8Array(before.length + STAMP_LENGTH + TAIL_END.length);
  bytes.set(before);
  bytes.set(TAIL_END, before.length + STAMP_LENGTH);
  return { bytes, stampAt: before.length };
}

/**
 * Turns output into json-file records, byte for byte as Docker writes them. Text and records share one arena, so
 * that a line which needs no escaping is moved by one `copyWithin`; nothing is allocated for a line.
 */
export class RecordEncoder {
  /** Put the text here. */
  readonly input: Uint8Array;
  readonly #arena: Uint8Array;
  readonly #tailAt: number;
  readonly #outAt: number;
  readonly #stamp: Stamp;
  #outEnd: number;

  constructor(stamp: Stamp, inputSize: number) {
    this.#stamp = stamp;
    this.#tailAt = inputSize;
    this.#outAt = inputSize + MAX_TAIL + HEAD.length;
    this.#outEnd = this.#outAt;
    // Room for records twice the size of the input; shorter lines or many escapes only make smaller batches.
    this.#arena = new Uint8Array(this.#outAt + 2 * inputSize + WORST_RECORD);
    this.input = this.#arena.subarray(0, inputSize);
  }

  /** The records that the last `encode` made; valid until the next one. */
  get records(): Uint8Array {
    return this.#arena.subarray(this.#outAt, this.#outEnd);
  }

  /**
   * Encodes lines of `input[from, to)`, at least one and then while the records are shorter than `budget`. An
   * unfinished line is left alone unless it is `final` or has reached the limit. Gives where it stopped.
   */
  encode(from: number, to: number, tail: RecordTail, final: boolean, budget: number): number {
    const arena = this.#arena;
    const classes = BYTE_CLASS;
    const tailEnd = this.#tailAt + tail.bytes.length;
    const stampAt = this.#tailAt + tail.stampAt;
    arena.set(tail.bytes, this.#tailAt);
    this.#stamp.write(arena, stampAt);
    arena.set(HEAD, this.#outAt);
    const limit = Math.min(this.#outAt + budget, arena.length - WORST_RECORD);
    let out = this.#outAt + HEAD.length;
    let at = from;
    let made = 0;
    while (at < to && (made === 0 || out < limit)) {
      const stop = Math.min(at + LINE_LIMIT, to);
      let end = at;
      while (end < stop && classes[arena[end] as number] === 0) end++;
      let textEnd = out + (end - at);
      arena.copyWithin(out, at, end);
      if (end < stop && BYTE_CLASS[arena[end] as number] !== NEWLINE) {
        this.#escape(end, stop, textEnd);
        end = this.#escapedFrom;
        textEnd = this.#escapedTo;
      }
      if (end < stop) {
        arena[textEnd] = NEWLINE_ESCAPE[0] as number;
        arena[textEnd + 1] = NEWLINE_ESCAPE[1] as number;
        textEnd += 2;
        end++;
      } else if (!final && end - at < LINE_LIMIT) {
        break;
      }
      if (made++ > 0) this.#stamp.advance(arena, stampAt);
      arena.copyWithin(textEnd, this.#tailAt, tailEnd);
      out = textEnd + tail.bytes.length;
      at = end;
    }
    this.#outEnd = out - HEAD.length;
    return at;
  }

  #escapedFrom = 0;
  #escapedTo = 0;

  /** Copies up to the newline or `stop`, escaping; says in `#escaped*` how far it came. */
  #escape(from: number, stop: number, to: number): void {
    const arena = this.#arena;
    let at = from;
    let out = to;
    while (at < stop) {
      const byte = arena[at] as number;
      const kind = BYTE_CLASS[byte];
      if (kind === 0) {
        arena[out++] = byte;
        at++;
      } else if (kind === NEWLINE) {
        break;
      } else if (kind === ESCAPED) {
        out = escapeAscii(arena, out, byte);
        at++;
      } else {
        const length = sequenceLength(arena, at, stop);
        const escaped = length === 0 ? replacement(arena, out) : lineSeparator(arena, at, out);
        if (escaped === out) {
          for (let i = 0; i < length; i++) arena[out++] = arena[at + i] as number;
        } else {
          out = escaped;
        }
        at += length === 0 ? 1 : length;
      }
    }
    this.#escapedFrom = at;
    this.#escapedTo = out;
  }
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
