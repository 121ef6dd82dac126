import { closeSync, openSync, writeSync } from 'node:fs';
import { encodeFile, encodeSegment, type TarSplitFile } from '../../../spec/tar/mod.ts';
import { SyncZlib } from './sync-zlib.ts';

const FLUSH_AT = 128 * 1024;
/** Longest segment, so that a long trailer does not gather in memory. A multiple of three, for base64. */
const MAX_SEGMENT = 3 * 16384;

/** Writes `tar-split.json.gz` as the archive comes. Crash: a part of a file, in a staging directory. */
export class TarSplitWriter {
  readonly #fd: number;
  readonly #gzip: SyncZlib;
  readonly #write = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at, bytes.length - at);
  };
  readonly #segment = Buffer.alloc(MAX_SEGMENT);
  #segmentLength = 0;
  #text = '';
  #position = 0;
  #closed = false;

  constructor(path: string, output: Buffer) {
    this.#fd = openSync(path, 'wx', 0o644);
    this.#gzip = new SyncZlib('gzip', output);
  }

  /** Bytes of the archive that are not content. */
  raw(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(bytes.length - at, MAX_SEGMENT - this.#segmentLength);
      this.#segment.set(bytes.subarray(at, at + length), this.#segmentLength);
      this.#segmentLength += length;
      at += length;
      if (this.#segmentLength === MAX_SEGMENT) this.#endSegment();
    }
  }

  /** A member that is complete; what was `raw` so far stood before its content. */
  file(file: TarSplitFile): void {
    this.#endSegment();
    this.#text += encodeFile(file, this.#position++);
    if (this.#text.length >= FLUSH_AT) this.#flush();
  }

  /** The archive is over. */
  end(): void {
    this.#endSegment();
    this.#flush();
    this.#gzip.end(this.#write);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#gzip.close();
    closeSync(this.#fd);
  }

  #endSegment(): void {
    if (this.#segmentLength === 0) return;
    this.#text += encodeSegment(this.#segment.subarray(0, this.#segmentLength), this.#position++);
    this.#segmentLength = 0;
    if (this.#text.length >= FLUSH_AT) this.#flush();
  }

  #flush(): void {
    this.#gzip.write(Buffer.from(this.#text, 'latin1'), this.#write);
    this.#text = '';
  }
}
