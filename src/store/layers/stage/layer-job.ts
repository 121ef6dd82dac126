import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, messageOf } from '../../../base/mod.ts';
import type { DiffId, Digest } from '../../../spec/digest.ts';
import {
  CRC64_START,
  type Crc64,
  crc64Digest,
  crc64Zeros,
  type TarEntry,
  TarReader,
  type TarSink,
} from '../../../spec/tar/mod.ts';
import { removeTree } from '../../../sys/mod.ts';
import type { StagedJoin } from '../staged-record.ts';
import { SniffingDecompressor } from './decompress.ts';
import { LayerTree, openTreeRoot } from './layer-tree.ts';
import { TarSplitWriter } from './tar-split-writer.ts';
import { Unpacker } from './unpacker.ts';

/** What is asked of a worker for one layer. */
export interface JobRequest {
  /** Made by the job; has `diff`, `tar-split.json.gz` and `join.json` when it is done. */
  directory: string;
  digest?: Digest | undefined;
  diffId?: DiffId | undefined;
  size?: number | undefined;
  /** Bytes that it may unpack to. */
  maxUnpacked?: number | undefined;
  /** File for the compressed bytes, and how many of them are in it from an earlier time. */
  spool?: string | undefined;
  replay?: number;
}

export interface JobResult {
  digest: Digest;
  diffId: DiffId;
  /** Unpacked bytes. */
  size: number;
}

/**
 * One layer's way from compressed bytes to files, in one pass: digest, inflate, diffID, untar, tar-split. `input` the
 * bytes as they come, then `finish`, or `abort`, which leaves nothing.
 */
export class LayerJob implements TarSink {
  readonly #request: JobRequest;
  readonly #crc: Crc64;
  readonly #compressed = createHash('sha256');
  readonly #uncompressed = createHash('sha256');
  readonly #decompressor: SniffingDecompressor;
  readonly #tree: LayerTree;
  readonly #unpacker: Unpacker;
  readonly #split: TarSplitWriter;
  readonly #reader = new TarReader(this);
  readonly #onOutput = (bytes: Buffer): void => this.#output(bytes);
  #read = 0;
  #unpacked = 0;
  #entry: TarEntry | undefined;
  #crcState = CRC64_START;
  /** Why the layer cannot be unpacked; told only once its digest is known to be right. */
  #failure: EngineError | undefined;

  /** `crc`'s window and `scratch` may be shared by the jobs of one thread. */
  constructor(request: JobRequest, crc: Crc64, scratch: Buffer) {
    this.#request = request;
    this.#crc = crc;
    this.#decompressor = new SniffingDecompressor(crc.window);
    const diff = join(request.directory, 'diff');
    mkdirSync(diff, { recursive: true, mode: 0o755 });
    this.#tree = new LayerTree(openTreeRoot(diff));
    this.#unpacker = new Unpacker(this.#tree, process.umask());
    try {
      this.#split = new TarSplitWriter(join(request.directory, 'tar-split.json.gz'), scratch);
    } catch (error) {
      this.#tree.close();
      throw error;
    }
  }

  /**
   * The next compressed bytes. Compat: Docker verifies a blob before it unpacks it, so a layer that is both altered
   * and broken is reported as altered: after a failure the rest is only hashed. A full disk is reported at once.
   */
  input(bytes: Buffer): void {
    this.#read += bytes.length;
    if (this.#request.size !== undefined && this.#read > this.#request.size) throw this.#mismatch();
    if (this.#request.digest !== undefined) this.#compressed.update(bytes);
    this.#guard(() => this.#decompressor.write(bytes, this.#onOutput));
    if (this.#request.digest !== undefined) return;
    // Nobody named these bytes: nothing is gained by reading on, and a plain archive's digest is its diffID.
    if (this.#failure) throw this.#failure;
    if (!this.#decompressor.isPlain) this.#compressed.update(bytes);
  }

  /** All bytes are there: verifies, completes and closes. */
  finish(): JobResult {
    const compressed = `sha256:${this.#compressed.digest('hex')}` as Digest;
    if (this.#request.digest !== undefined && compressed !== this.#request.digest) throw this.#mismatch();
    this.#guard(() => {
      this.#decompressor.end(this.#onOutput);
      this.#reader.end();
    });
    if (this.#failure) throw this.#failure;
    const diffId = `sha256:${this.#uncompressed.digest('hex')}` as DiffId;
    if (this.#request.diffId !== undefined && diffId !== this.#request.diffId) {
      throw new EngineError('corrupt', "layers from manifest don't match image configuration");
    }
    this.#guard(() => {
      this.#split.end();
      this.#tree.finish();
      const record: StagedJoin = { implied: this.#tree.implied(), links: this.#unpacker.links.all };
      writeFileSync(join(this.#request.directory, 'join.json'), JSON.stringify(record));
    });
    if (this.#failure) throw this.#failure;
    this.#close();
    const isUnnamed = this.#request.digest === undefined && this.#decompressor.isPlain;
    const digest = isUnnamed ? (diffId as string as Digest) : compressed;
    return { digest, diffId, size: this.#unpacker.size };
  }

  /** Closes everything and removes what was made. */
  abort(): void {
    this.#unpacker.abort();
    this.#close();
    removeTree(this.#request.directory);
  }

  raw(bytes: Uint8Array): void {
    this.#split.raw(bytes);
  }

  entry(entry: TarEntry): void {
    this.#entry = entry;
    this.#crcState = CRC64_START;
    this.#unpacker.entry(entry);
  }

  content(bytes: Uint8Array): void {
    if (!this.#unpacker.isFile) {
      // There is no file to get it back from.
      this.#split.raw(bytes);
      return;
    }
    // All output lies in the window of the checksum's memory.
    this.#crcState = this.#crc.update(this.#crcState, bytes.byteOffset, bytes.length);
    this.#unpacker.content(bytes);
  }

  hole(length: number): void {
    this.#count(length);
    if (!this.#unpacker.isFile) return;
    this.#crcState = crc64Zeros(this.#crcState, length);
    this.#unpacker.hole(length);
  }

  endEntry(): void {
    const entry = this.#entry;
    if (!entry) return;
    const { name, ...rest } = entry;
    const { size, fragments } = this.#unpacker.isFile ? rest : { size: 0, fragments: undefined };
    this.#unpacker.endEntry();
    const crc = size > 0 ? crc64Digest(this.#crcState) : undefined;
    this.#split.file({ name, size, crc, ...(fragments ? { fragments } : {}) });
  }

  #count(bytes: number): void {
    this.#unpacked += bytes;
    const { maxUnpacked } = this.#request;
    if (maxUnpacked === undefined || this.#unpacked <= maxUnpacked) return;
    throw new EngineError('invalid', `the layer unpacks to more than ${maxUnpacked} bytes (max-layer-size)`);
  }

  #output(bytes: Buffer): void {
    this.#count(bytes.length);
    this.#uncompressed.update(bytes);
    this.#reader.push(bytes);
  }

  #guard(step: () => void): void {
    if (this.#failure) return;
    try {
      step();
    } catch (error) {
      this.#failure = layerError(error);
      if (this.#failure.code === 'internal') throw this.#failure;
    }
  }

  #mismatch(): EngineError {
    const message = `filesystem layer verification failed for digest ${this.#request.digest ?? ''}`;
    return new EngineError('corrupt', message);
  }

  #close(): void {
    this.#decompressor.close();
    this.#split.close();
    this.#tree.close();
  }
}

const MAX_REASON = 8192;

/** Compat: the words that Docker puts before whatever went wrong with unpacking. */
function layerError(error: unknown): EngineError {
  const known = error instanceof EngineError ? error.code : undefined;
  const disk = error instanceof Error && 'code' in error && /^E[A-Z]/.test(String(error.code));
  const full = disk ? wording(messageOf(error), String(error.code)) : messageOf(error);
  // Names in archives may be a megabyte long.
  const reason = full.length > MAX_REASON ? `${full.slice(0, MAX_REASON)}…` : full;
  return new EngineError(known ?? (disk ? 'internal' : 'invalid'), `failed to register layer: ${reason}`, {
    cause: error,
  });
}

function wording(message: string, code: string): string {
  return code === 'ENOSPC'
    ? message
        .replace(/^ENOSPC: |ENOSPC$/, '')
        .replace(/^(?!.*no space)(.*?):? ?$/, '$1: no space left on device')
    : message;
}
