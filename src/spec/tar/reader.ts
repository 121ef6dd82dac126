import type { ByteString } from './byte-string.ts';
import { BLOCK, ENTRY_TYPES, INVALID_HEADER, type TarEntry, TarError } from './entry.ts';
import { isZeroBlock, parseHeader } from './header.ts';
import { applyPax, parsePaxRecords } from './pax.ts';
import { checkFragments, type Fragment, oldGnuSparse, paxSparse, type SparseMap } from './sparse.ts';

/** Who listens to a TarReader. Views of bytes are valid during the call only. */
export interface TarSink {
  /** Every byte of the archive that is not content: headers, padding, what follows the end. In order. */
  raw(bytes: Uint8Array): void;
  entry(entry: TarEntry): void;
  /** Content of the latest entry, in pieces. */
  content(bytes: Uint8Array): void;
  /** So many zeros of the latest entry's content, which the archive does not have: it is sparse. */
  hole(length: number): void;
  /** The latest entry has all its content. */
  endEntry(): void;
}

/** Spec: what Docker's reader takes as the longest extended header. */
const MAX_EXTENDED = 1 << 20;
const WITHOUT_CONTENT = new Set(['1', '2', '3', '4', '5', '6']);

type State = 'header' | 'extended' | 'sparse-map' | 'content' | 'padding' | 'after-zero-block' | 'trailer';

/**
 * A streaming reader of tar archives: `push` the bytes as they come, in pieces of any size, then `end`. It keeps
 * at most one header and one extended header in memory. Throws TarError; after that it is not to be used again.
 */
export class TarReader {
  readonly #sink: TarSink;
  #state: State = 'header';
  readonly #block = Buffer.alloc(BLOCK);
  #filled = 0;
  /** Bytes left of the content, or of the extended header. */
  #left = 0;
  #padding = 0;
  #extendedType = '';
  #extended: Buffer[] = [];
  #pax: Map<string, ByteString> | undefined;
  #longName: ByteString | undefined;
  #longLink: ByteString | undefined;
  /** The sparse member whose map is being read. */
  #sparse: { entry: TarEntry; map: SparseMap; stored: number } | undefined;
  /** Pieces of the member that are still to come. */
  #fragments: readonly Fragment[] = [];
  #nextFragment = 0;
  /** Bytes until the next hole. */
  #untilHole = Number.POSITIVE_INFINITY;
  #hole = 0;
  #size = 0;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** Takes the next bytes; the sink hears of all they complete before this returns. */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'trailer') {
        this.#sink.raw(bytes.subarray(at));
        return;
      }
      if (this.#state === 'content' || this.#state === 'extended') at = this.#take(bytes, at);
      else if (this.#state === 'padding') at = this.#skip(bytes, at);
      else at = this.#fill(bytes, at);
    }
  }

  /** Bytes of the latest entry's content that have not been pushed; 0 where there are holes among them. */
  get contentLeft(): number {
    const plain = this.#state === 'content' && this.#untilHole === Number.POSITIVE_INFINITY;
    return plain ? this.#left : 0;
  }

  /** What is left of that content goes another way: the next byte to be pushed is the one behind it. */
  passContent(): void {
    if (this.#state !== 'content') return;
    this.#left = 0;
    this.#finishContent();
  }

  /** The archive is over. Throws if it ended in the middle of something; a missing end mark is allowed. */
  end(): void {
    const whole = this.#state === 'trailer' || this.#filled === 0;
    const pending = this.#pax ?? this.#longName ?? this.#longLink;
    const between =
      this.#state === 'header' || this.#state === 'trailer' || this.#state === 'after-zero-block';
    if (!whole || !between || pending !== undefined) throw new TarError('unexpected EOF');
  }

  #take(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + Math.min(this.#left, this.#untilHole));
    const piece = bytes.subarray(at, end);
    this.#left -= end - at;
    if (this.#state === 'content') {
      this.#sink.content(piece);
      this.#untilHole -= piece.length;
      if (this.#untilHole === 0) this.#findFragment();
      if (this.#left === 0) this.#finishContent();
    } else {
      this.#sink.raw(piece);
      this.#extended.push(Buffer.from(piece));
      if (this.#left === 0) this.#finishExtended();
    }
    return end;
  }

  /** Tells of the hole before the next piece, or of the one at the end. */
  #findFragment(): void {
    for (this.#untilHole = 0; this.#untilHole === 0; this.#nextFragment++) {
      const { offset, length } = this.#fragments[this.#nextFragment] ?? { offset: this.#size, length: -1 };
      if (offset > this.#hole) this.#sink.hole(offset - this.#hole);
      this.#hole = offset + length;
      this.#untilHole = length < 0 ? Number.POSITIVE_INFINITY : length;
    }
  }

  #finishContent(): void {
    this.#sink.endEntry();
    this.#pad();
  }

  #pad(): void {
    this.#state = this.#padding > 0 ? 'padding' : 'header';
  }

  #skip(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#padding);
    this.#sink.raw(bytes.subarray(at, end));
    this.#padding -= end - at;
    if (this.#padding === 0) this.#state = 'header';
    return end;
  }

  /** Gathers one block; without a copy where all of it is there. */
  #fill(bytes: Buffer, at: number): number {
    if (this.#filled === 0 && bytes.length - at >= BLOCK) {
      this.#onBlock(bytes.subarray(at, at + BLOCK));
      return at + BLOCK;
    }
    const end = Math.min(bytes.length, at + BLOCK - this.#filled);
    bytes.copy(this.#block, this.#filled, at, end);
    this.#filled += end - at;
    if (this.#filled === BLOCK) {
      this.#filled = 0;
      this.#onBlock(this.#block);
    }
    return end;
  }

  #onBlock(block: Buffer): void {
    this.#sink.raw(block);
    if (this.#state === 'sparse-map') {
      if (!this.#sparse?.map.block(block)) this.#beginSparse();
      return;
    }
    if (isZeroBlock(block)) {
      if (this.#pax || this.#longName !== undefined || this.#longLink !== undefined) {
        throw new TarError(INVALID_HEADER);
      }
      this.#state = this.#state === 'after-zero-block' ? 'trailer' : 'after-zero-block';
      return;
    }
    if (this.#state === 'after-zero-block') throw new TarError(INVALID_HEADER);
    this.#onHeader(parseHeader(block), block);
  }

  #onHeader(entry: TarEntry, block: Buffer): void {
    if (entry.type === 'x' || entry.type === 'g' || entry.type === 'L' || entry.type === 'K') {
      if (entry.size > MAX_EXTENDED) throw new TarError(INVALID_HEADER);
      this.#extendedType = entry.type;
      this.#extended = [];
      this.#start(entry.size);
      this.#state = 'extended';
      if (entry.size === 0) this.#finishExtended();
      return;
    }
    if (this.#pax) applyPax(entry, this.#pax);
    if (this.#longName !== undefined) entry.name = this.#longName;
    if (this.#longLink !== undefined) entry.linkName = this.#longLink;
    const pax = this.#pax;
    this.#pax = this.#longName = this.#longLink = undefined;
    const stored = entry.size;
    const map = entry.type === 'S' ? oldGnuSparse(block, entry) : pax && paxSparse(pax, entry);
    if (map) {
      if (WITHOUT_CONTENT.has(entry.type)) throw new TarError(INVALID_HEADER);
      entry.type = ENTRY_TYPES.file;
      this.#sparse = { entry, map, stored };
      this.#state = 'sparse-map';
      if (!map.pending) this.#beginSparse();
      return;
    }
    if (WITHOUT_CONTENT.has(entry.type)) entry.size = 0;
    this.#start(entry.size);
    this.#sink.entry(entry);
    this.#state = 'content';
    if (entry.size === 0) this.#finishContent();
  }

  /** The map of the sparse member is complete. */
  #beginSparse(): void {
    if (!this.#sparse) return;
    const { entry, map, stored } = this.#sparse;
    const left = stored - map.counted;
    checkFragments(map.fragments, entry.size, left);
    this.#sparse = undefined;
    entry.fragments = map.fragments;
    this.#start(left);
    this.#sink.entry(entry);
    this.#state = 'content';
    this.#fragments = map.fragments;
    this.#nextFragment = this.#hole = 0;
    this.#size = entry.size;
    this.#findFragment();
    if (left === 0) this.#finishContent();
  }

  #start(size: number): void {
    this.#untilHole = Number.POSITIVE_INFINITY;
    this.#left = size;
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK;
  }

  #finishExtended(): void {
    const data = Buffer.concat(this.#extended);
    this.#extended = [];
    // Compat: Docker's reader reports global headers and Docker ignores them.
    if (this.#extendedType === 'x') this.#pax = parsePaxRecords(data);
    else if (this.#extendedType === 'L') this.#longName = cText(data);
    else if (this.#extendedType === 'K') this.#longLink = cText(data);
    this.#pad();
  }
}

function cText(data: Buffer): ByteString {
  const nul = data.indexOf(0);
  return data.toString('latin1', 0, nul < 0 ? data.length : nul) as ByteString;
}
