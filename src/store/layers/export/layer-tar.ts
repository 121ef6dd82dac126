import { createHash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { EngineError, messageOf } from '../../../base/mod.ts';
import type { DiffId } from '../../../spec/digest.ts';
import {
  displayBytes,
  type Fragment,
  type TarSplitFile,
  type TarSplitRecord,
} from '../../../spec/tar/mod.ts';
import { findDamage } from './find-damage.ts';
import { LayerFiles } from './layer-files.ts';
import { TarSplitReader } from './tar-split-reader.ts';

/** Where a layer is on disk, and what its tar must be. */
export interface LayerSource {
  /** The directory with its unpacked files. */
  diff: string;
  /** Its `tar-split.json.gz`. */
  tarSplit: string;
  diffId: DiffId;
}

/** The file whose content comes next. */
interface OpenFile {
  fd: number;
  name: string;
  /** What of it is still to be read, the last one first. */
  pieces: Fragment[];
}

/**
 * The tar of a layer, put together again from its files and its tar-split, bit by bit as it was unpacked. `read` until
 * it gives 0; only then is all of it known to be right, for the diffID is computed on the way. Throws EngineError
 * `corrupt`, naming the layer and if possible the file, for a layer that is not what it was. Dispose of it.
 */
export class LayerTar implements Disposable {
  readonly #source: LayerSource;
  readonly #records: TarSplitReader;
  readonly #files: LayerFiles;
  readonly #hash = createHash('sha256');
  #segment: Uint8Array = new Uint8Array(0);
  #file: OpenFile | undefined;
  #ended = false;

  /** `scratch` is for inflating; the tars of one thread may share it. */
  constructor(source: LayerSource, scratch: Buffer) {
    this.#source = source;
    this.#files = new LayerFiles(source.diff);
    try {
      this.#records = new TarSplitReader(source.tarSplit, scratch);
    } catch (error) {
      this.#files[Symbol.dispose]();
      throw damaged(source, `its tar-split.json.gz cannot be read: ${messageOf(error)}`, error);
    }
  }

  /** Fills `into` as far as there is tar left; 0 = the end, verified. */
  read(into: Buffer): number {
    if (this.#ended) return 0;
    let length = 0;
    while (length < into.length) {
      const more = this.#some(into, length);
      if (more < 0) break;
      length += more;
    }
    if (length > 0) this.#hash.update(into.subarray(0, length));
    else this.#verify();
    return length;
  }

  [Symbol.dispose](): void {
    this.#close();
    this.#records[Symbol.dispose]();
    this.#files[Symbol.dispose]();
  }

  /** Puts some bytes at `at`; -1 = there are no more. */
  #some(into: Buffer, at: number): number {
    if (this.#segment.length > 0) {
      const piece = this.#segment.subarray(0, into.length - at);
      into.set(piece, at);
      this.#segment = this.#segment.subarray(piece.length);
      return piece.length;
    }
    if (this.#file) return this.#content(this.#file, into, at);
    const record = this.#next();
    if (!record) return -1;
    if (record.type === 'segment') this.#segment = record.bytes;
    else if (record.size > 0) this.#open(record);
    return 0;
  }

  #next(): TarSplitRecord | undefined {
    try {
      return this.#records.next();
    } catch (error) {
      throw damaged(this.#source, `its tar-split.json.gz is broken: ${messageOf(error)}`, error);
    }
  }

  #open({ name, size, fragments }: TarSplitFile): void {
    const shown = JSON.stringify(displayBytes(name));
    const file = this.#files.open(name);
    if (typeof file === 'string') throw damaged(this.#source, `file ${shown}: ${file}`);
    this.#file = {
      fd: file.fd,
      name: shown,
      pieces: [...(fragments ?? [{ offset: 0, length: size }])].reverse(),
    };
    if (file.size === size) return;
    throw damaged(this.#source, `file ${shown}: it has ${file.size} bytes instead of ${size}`);
  }

  #content(file: OpenFile, into: Buffer, at: number): number {
    const piece = file.pieces.at(-1);
    if (!piece || piece.length === 0) {
      file.pieces.pop();
      if (file.pieces.length === 0) this.#close();
      return 0;
    }
    const length = readSync(file.fd, into, at, Math.min(piece.length, into.length - at), piece.offset);
    // Race: somebody cuts it while it is read.
    if (length === 0) throw damaged(this.#source, `file ${file.name}: it has ended too early`);
    file.pieces[file.pieces.length - 1] = { offset: piece.offset + length, length: piece.length - length };
    return length;
  }

  #close(): void {
    if (this.#file) closeSync(this.#file.fd);
    this.#file = undefined;
  }

  #verify(): void {
    this.#ended = true;
    const { diffId } = this.#source;
    if (`sha256:${this.#hash.digest('hex')}` === diffId) return;
    throw damaged(this.#source, findDamage(this.#source) ?? 'its tar-split.json.gz is of another archive');
  }
}

function damaged({ diffId }: LayerSource, why: string, cause?: unknown): EngineError {
  return new EngineError('corrupt', `layer ${diffId} is damaged: ${why}`, { cause });
}
