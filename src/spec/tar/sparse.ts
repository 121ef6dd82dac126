import type { ByteString } from './byte-string.ts';
import { BLOCK, INVALID_HEADER, type TarEntry, TarError } from './entry.ts';
import { parseNumber } from './header.ts';

/** A piece of a sparse file that the archive has; what lies between the pieces is zeros. */
export interface Fragment {
  offset: number;
  length: number;
}

/** Memory and time are bounded: a file in more pieces is refused. */
const MAX_FRAGMENTS = 1 << 16;
/** Longest map in text: two numbers of 20 digits for each piece. */
const MAX_MAP_BYTES = MAX_FRAGMENTS * 42;

/**
 * Where the map of a sparse member comes from: blocks between the header and the data, given one after the other until
 * `fragments` is there. `physical` is what the header calls the size.
 */
export interface SparseMap {
  /** Takes the next block. True if another one belongs to the map. */
  block(block: Buffer): boolean;
  /** The map begins in blocks that are still to come. */
  readonly pending: boolean;
  readonly fragments: Fragment[];
  /** Bytes of the map's blocks that the header's size counts. */
  readonly counted: number;
}

/**
 * The map that stands in a header of type `S` and the blocks behind it. Spec: GNU tar manual, "Storing Sparse Files",
 * old GNU format: 4 pieces at 386, a mark at 482 that more follow, the real size at 483; 21 pieces in each further block.
 */
export function oldGnuSparse(header: Buffer, entry: TarEntry): SparseMap {
  if (header.toString('latin1', 257, 265) !== 'ustar  \0') throw new TarError(INVALID_HEADER);
  const fragments: Fragment[] = [];
  const take = (block: Buffer, at: number, count: number, mark: number): boolean => {
    for (let i = 0; i < count && block[at + i * 24] !== 0; i++) {
      const offset = parseNumber(block, at + i * 24, 12);
      add(fragments, offset, parseNumber(block, at + i * 24 + 12, 12));
    }
    return (block[mark] ?? 0) > 0;
  };
  const pending = take(header, 386, 4, 482);
  entry.size = parseNumber(header, 483, 12);
  return { block: (block) => take(block, 0, 21, 504), pending, fragments, counted: 0 };
}

/**
 * The map that PAX records tell of, undefined if they tell of none; the member gets its real name and size. Spec: GNU
 * tar manual, "PAX Format, Versions 0.0, 0.1 and 1.0". Compat: a version that Go does not know is no sparse file.
 */
export function paxSparse(records: ReadonlyMap<string, ByteString>, entry: TarEntry): SparseMap | undefined {
  const get = (key: string) => records.get(`GNU.sparse.${key}`);
  const version = `${get('major') ?? ''}.${get('minor') ?? ''}`;
  const map = get('map');
  const inText = version === '0.0' || version === '0.1' || (version === '.' && map !== undefined);
  if (!inText && version !== '1.0') return undefined;
  const name = get('name');
  if (name) entry.name = name;
  const size = get('size') ?? get('realsize');
  if (size !== undefined) entry.size = decimal(size);
  if (!inText) return new TextMap();
  const fragments: Fragment[] = [];
  const numbers = map === undefined || map === '' ? [] : map.split(',');
  const count = get('numblocks');
  if (numbers.length % 2 !== 0 || (count !== undefined && decimal(count) !== numbers.length / 2)) {
    throw new TarError(INVALID_HEADER);
  }
  for (let i = 0; i < numbers.length; i += 2) {
    add(fragments, decimal(numbers[i] ?? ''), decimal(numbers[i + 1] ?? ''));
  }
  return { block: () => false, pending: false, fragments, counted: 0 };
}

/** Throws unless the pieces are in order, apart, within `size`, and `stored` bytes in all. */
export function checkFragments(fragments: readonly Fragment[], size: number, stored: number): void {
  let at = 0;
  let sum = 0;
  for (const { offset, length } of fragments) {
    if (offset < at || !Number.isSafeInteger(offset + length)) throw new TarError(INVALID_HEADER);
    at = offset + length;
    sum += length;
  }
  if (size < 0 || at > size || sum !== stored) throw new TarError(INVALID_HEADER);
}

/** Version 1.0: decimal lines at the beginning of the data, filled up to whole blocks: how many pieces, then the pieces. */
class TextMap implements SparseMap {
  readonly pending = true;
  readonly fragments: Fragment[] = [];
  counted = 0;
  #line = '';
  #count: number | undefined;
  #offset: number | undefined;

  block(block: Buffer): boolean {
    this.counted += BLOCK;
    if (this.counted > MAX_MAP_BYTES) throw new TarError(INVALID_HEADER);
    for (let at = 0; at < BLOCK; ) {
      const end = block.indexOf(10, at);
      this.#line += block.toString('latin1', at, end < 0 ? BLOCK : end);
      if (this.#line.length > 20) throw new TarError(INVALID_HEADER);
      if (end < 0) break;
      this.#number(decimal(this.#line));
      this.#line = '';
      at = end + 1;
      if (this.fragments.length === this.#count) return false;
    }
    return true;
  }

  #number(value: number): void {
    if (this.#count === undefined) this.#count = value;
    else if (this.#offset === undefined) this.#offset = value;
    else {
      add(this.fragments, this.#offset, value);
      this.#offset = undefined;
    }
  }
}

function add(fragments: Fragment[], offset: number, length: number): void {
  if (fragments.length === MAX_FRAGMENTS || offset < 0 || length < 0) throw new TarError(INVALID_HEADER);
  fragments.push({ offset, length });
}

function decimal(text: string): number {
  const number = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new TarError(INVALID_HEADER);
  return number;
}
