const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const RLE = 1;
const RESERVED = 3;

type Part = 'magic' | 'descriptor' | 'header' | 'block' | 'skip-size';

/**
 * Follows the frames of a zstd stream by their headers alone, to tell whether it is complete. Why: zlib's streaming
 * interface takes a stream that is cut anywhere for one that ended, and an archive cut between two members then looks
 * whole. Spec: RFC 8878, 3.1. `push` the bytes as they come, in pieces of any size; then ask `isComplete`.
 */
export class ZstdFrames {
  #part: Part = 'magic';
  readonly #field = Buffer.alloc(18);
  #filled = 0;
  #wanted = 4;
  /** Bytes to pass over: a block's content, a checksum, a skippable frame. */
  #skip = 0;
  #hasChecksum = false;
  #isLast = false;

  /** Throws for what is no frame. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, bytes.length - at);
        this.#skip -= passed;
        at += passed;
        continue;
      }
      const taken = Math.min(this.#wanted - this.#filled, bytes.length - at);
      this.#field.set(bytes.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === this.#wanted) this.#next();
    }
  }

  /** True where a stream may end: before the first frame, or after one. */
  get isComplete(): boolean {
    return this.#part === 'magic' && this.#filled === 0 && this.#skip === 0;
  }

  #next(): void {
    this.#filled = 0;
    if (this.#part === 'magic') this.#magic(this.#field.readUInt32LE());
    else if (this.#part === 'descriptor') this.#descriptor(this.#field[0] ?? 0);
    else if (this.#part === 'header') this.#expect('block', 3);
    else if (this.#part === 'block') this.#block(this.#field.readUIntLE(0, 3));
    else {
      this.#skip = this.#field.readUInt32LE();
      this.#expect('magic', 4);
    }
  }

  #magic(magic: number): void {
    if (magic === MAGIC) this.#expect('descriptor', 1);
    else if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) this.#expect('skip-size', 4);
    else throw new Error('invalid input: magic number mismatch');
  }

  /** Spec: 3.1.1.1.1: which fields of the header follow, and whether a checksum ends the frame. */
  #descriptor(descriptor: number): void {
    const isSingleSegment = (descriptor & 0x20) !== 0;
    const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
    const dictionaryId = [0, 1, 2, 4][descriptor & 3] ?? 0;
    this.#hasChecksum = (descriptor & 4) !== 0;
    const rest = (isSingleSegment ? 0 : 1) + dictionaryId + contentSize;
    if (rest === 0) this.#expect('block', 3);
    else this.#expect('header', rest);
  }

  /** Spec: 3.1.1.2: one bit "last", two of type, 21 of size. */
  #block(header: number): void {
    const type = (header >> 1) & 3;
    if (type === RESERVED) throw new Error('invalid input: reserved block type encountered');
    this.#isLast = (header & 1) !== 0;
    this.#skip = type === RLE ? 1 : header >> 3;
    if (this.#isLast && this.#hasChecksum) this.#skip += 4;
    if (this.#isLast) this.#expect('magic', 4);
    else this.#expect('block', 3);
  }

  #expect(part: Part, bytes: number): void {
    this.#part = part;
    this.#wanted = bytes;
  }
}
