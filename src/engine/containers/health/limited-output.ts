/** Compat: Docker keeps so many bytes of what a check says. */
const MOST_BYTES = 4096;

/** The beginning of an output; what was cut off ends in `...`. */
export class LimitedOutput {
  readonly #parts: Buffer[] = [];
  #room = MOST_BYTES;
  #cut = false;

  add(bytes: Uint8Array): void {
    const kept = bytes.subarray(0, this.#room);
    this.#cut ||= kept.length < bytes.length;
    this.#room -= kept.length;
    // A copy: the pump uses its buffer again.
    if (kept.length > 0) this.#parts.push(Buffer.from(kept));
  }

  toString(): string {
    return Buffer.concat(this.#parts).toString() + (this.#cut ? '...' : '');
  }
}
