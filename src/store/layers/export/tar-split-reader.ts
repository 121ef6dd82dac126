import { closeSync, openSync, readSync } from 'node:fs';
import { decodeRecord, type TarSplitRecord } from '../../../spec/tar/mod.ts';
import { SyncZlib } from '../stage/sync-zlib.ts';

/** Compressed bytes for each step: even what inflates a thousandfold stays small. */
const STEP = 8 * 1024;
/** Longest line. Compat: Docker writes segments of up to a megabyte, the oldest versions a whole trailer. */
const MAX_LINE = 128 << 20;
const NEWLINE = 10;

/** Reads a `tar-split.json.gz`, ours or Docker's, record by record; never more than a step of it is in memory. */
export class TarSplitReader implements Disposable {
  readonly #fd: number;
  readonly #gunzip: SyncZlib;
  readonly #input = Buffer.alloc(STEP);
  #ready: string[] = [];
  #next = 0;
  /** The beginning of a line whose end has not come yet. */
  #rest: Buffer[] = [];
  #restLength = 0;
  #ended = false;

  /** `output` is the inflater's, and may be shared with others of the same thread between calls of `next`. */
  constructor(path: string, output: Buffer) {
    this.#fd = openSync(path, 'r');
    this.#gunzip = new SyncZlib('gunzip', output);
  }

  /** The next record, undefined after the last. Throws SyntaxError or zlib's error for what is no tar-split. */
  next(): TarSplitRecord | undefined {
    while (this.#next === this.#ready.length) {
      if (this.#ended) return undefined;
      this.#ready = [];
      this.#next = 0;
      this.#step();
    }
    return decodeRecord(this.#ready[this.#next++] ?? '');
  }

  [Symbol.dispose](): void {
    this.#gunzip.close();
    closeSync(this.#fd);
  }

  #step(): void {
    const length = readSync(this.#fd, this.#input, 0, STEP, null);
    if (length > 0) {
      this.#gunzip.write(this.#input.subarray(0, length), this.#onOutput);
      return;
    }
    this.#gunzip.end(this.#onOutput);
    this.#ended = true;
    if (this.#restLength > 0) this.#line(Buffer.alloc(0));
  }

  readonly #onOutput = (bytes: Buffer): void => {
    let at = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
      this.#line(bytes.subarray(at, end));
      at = end + 1;
    }
    if (at === bytes.length) return;
    this.#restLength += bytes.length - at;
    if (this.#restLength > MAX_LINE) throw new SyntaxError('tar-split: a line without an end');
    this.#rest.push(Buffer.from(bytes.subarray(at)));
  };

  #line(end: Buffer): void {
    if (this.#restLength === 0) {
      if (end.length > 0) this.#ready.push(end.toString('utf8'));
      return;
    }
    this.#ready.push(Buffer.concat([...this.#rest, end]).toString('utf8'));
    this.#rest = [];
    this.#restLength = 0;
  }
}
