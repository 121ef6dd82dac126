/** Where a reader of a chunked body stands; may go to another thread with the socket. */
export interface ChunkedState {
  phase: 'size' | 'data' | 'data-end' | 'trailer' | 'end';
  /** Of the chunk that has begun: bytes that have not come. */
  left: number;
  /** The line that has begun, without its end. */
  line: string;
}

/** Longest line of a size or a trailer. */
const MAX_LINE = 16 * 1024;
const NEWLINE = 10;

export const CHUNKED_START: Readonly<ChunkedState> = { phase: 'size', left: 0, line: '' };

/**
 * Reads a chunked body piece by piece, without a copy. Spec: RFC 9112, section 7.1. As strict as it must be: a size is
 * hexadecimal digits, extensions and trailers are dropped. Throws SyntaxError for what is no chunked body.
 */
export class ChunkedReader {
  readonly #state: ChunkedState;
  /** Bounds of the content that the latest `advance` found; equal if it found none. */
  from = 0;
  to = 0;

  constructor(state: Readonly<ChunkedState> = CHUNKED_START) {
    this.#state = { ...state };
  }

  get state(): Readonly<ChunkedState> {
    return { ...this.#state };
  }

  /** The body is complete. */
  get ended(): boolean {
    return this.#state.phase === 'end';
  }

  /**
   * Reads `bytes` from `at` on up to and with the next run of content, of at most `max` bytes; gives where to go on. All
   * of `bytes` is read when that is their end, or the body has `ended`.
   */
  advance(bytes: Buffer, at: number, max: number): number {
    this.from = this.to = at;
    const state = this.#state;
    while (at < bytes.length && state.phase !== 'end') {
      if (state.phase !== 'data') {
        at = this.#line(bytes, at);
        continue;
      }
      this.from = at;
      this.to = at + Math.min(state.left, max, bytes.length - at);
      state.left -= this.to - at;
      if (state.left === 0) state.phase = 'data-end';
      return this.to;
    }
    this.from = this.to = at;
    return at;
  }

  #line(bytes: Buffer, at: number): number {
    const state = this.#state;
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline < 0 ? bytes.length : newline;
    if (state.line.length + end - at > MAX_LINE) throw new SyntaxError('chunked body: line too long');
    state.line += bytes.toString('latin1', at, end);
    if (newline < 0) return end;
    const line = state.line.replace(/\r$/, '');
    state.line = '';
    if (state.phase === 'data-end') {
      if (line !== '') throw new SyntaxError('chunked body: a chunk is longer than its size');
      state.phase = 'size';
    } else if (state.phase === 'trailer') {
      if (line === '') state.phase = 'end';
    } else this.#size(line);
    return newline + 1;
  }

  #size(line: string): void {
    const digits = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(line)?.[1];
    if (digits === undefined) throw new SyntaxError('chunked body: malformed size');
    this.#state.left = Number.parseInt(digits, 16);
    this.#state.phase = this.#state.left === 0 ? 'trailer' : 'data';
  }
}
