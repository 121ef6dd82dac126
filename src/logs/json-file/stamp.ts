/** `2026-11-24T07:16:02.123456789Z` */
export const STAMP_LENGTH = 30;
const NANOS_AT = 20;
const ZERO = 48;
const NINE = 57;
const SECOND = 1_000_000_000;

/**
 * The time of each record, RFC 3339 with nanoseconds as Go prints it. Records that arrive together get times one
 * nanosecond apart, so that collectors which know a record by time and text do not take identical lines for one.
 * Go trims trailing zeros; a time that would end in one is passed over, so that all have the same length.
 */
export class Stamp {
  #seconds = 0;
  #nanos = 0;
  readonly #now: () => { seconds: number; nanos: number };

  constructor(now: () => { seconds: number; nanos: number }) {
    this.#now = now;
  }

  /**
   * Writes the time now at `at`; never earlier than the last one given, unless the wall clock was set back by more
   * than a second.
   */
  write(bytes: Uint8Array, at: number): void {
    this.take();
    this.#render(bytes, at);
  }

  /** Makes the time at `at`, written by `write`, the next one. */
  advance(bytes: Uint8Array, at: number): void {
    const last = at + STAMP_LENGTH - 2;
    const digit = bytes[last] ?? ZERO;
    this.#nanos++;
    if (digit < NINE) {
      bytes[last] = digit + 1;
      return;
    }
    this.#set(this.#seconds, this.#nanos);
    if (this.#nanos < 11) this.#render(bytes, at);
    else this.#renderNanos(bytes, at);
  }

  /** The time now as nanoseconds since 1970, by the same rules, for a format that counts on by itself. */
  take(): bigint {
    const { seconds, nanos } = this.#now();
    const ahead = (this.#seconds - seconds) * SECOND + (this.#nanos - nanos);
    if (ahead >= 0 && ahead < SECOND) this.#set(this.#seconds, this.#nanos + 1);
    else this.#set(seconds, nanos);
    return BigInt(this.#seconds) * BigInt(SECOND) + BigInt(this.#nanos);
  }

  /** That many more times, each a nanosecond later, were given since `take`. */
  passed(count: number): void {
    const nanos = this.#nanos + count;
    this.#set(this.#seconds + Math.floor(nanos / SECOND), nanos % SECOND);
  }

  #set(seconds: number, nanos: number): void {
    const whole = nanos % 10 === 0 ? nanos + 1 : nanos;
    this.#seconds = whole >= SECOND ? seconds + 1 : seconds;
    this.#nanos = whole >= SECOND ? whole - SECOND : whole;
  }

  #render(bytes: Uint8Array, at: number): void {
    const date = new Date(this.#seconds * 1000).toISOString();
    for (let i = 0; i < NANOS_AT; i++) bytes[at + i] = date.charCodeAt(i);
    this.#renderNanos(bytes, at);
    bytes[at + STAMP_LENGTH - 1] = 90;
  }

  #renderNanos(bytes: Uint8Array, at: number): void {
    for (let i = NANOS_AT + 8, rest = this.#nanos; i >= NANOS_AT; i--) {
      bytes[at + i] = ZERO + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }
}
