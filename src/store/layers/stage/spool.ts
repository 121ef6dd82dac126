import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';

/** A spool of less is not worth a file. */
const MIN_BYTES = 64 * 1024;

/**
 * The compressed bytes of a blob as far as they came, unsynced, beside the layer that is made of them: the state of an
 * inflater cannot be saved, so a later pull reads them again before it fetches the rest. It is trusted no more than the
 * registry: the digest is checked over all. A disk that is full costs the spool, not the pull.
 */
export class Spool {
  readonly #path: string;
  #fd: number;
  #length = 0;

  /** Opens the file, or makes it anew; what is in it counts as far as `replay` has read it. */
  constructor(path: string, isThere: boolean) {
    this.#path = path;
    this.#fd = openSync(path, isThere ? 'a+' : 'w+', 0o600);
  }

  /** The next bytes of what is there, into `buffer`; 0 at the end. */
  replay(buffer: Uint8Array): number {
    if (this.#fd < 0) return 0;
    const count = readSync(this.#fd, buffer, 0, buffer.length, this.#length);
    this.#length += count;
    return count;
  }

  /** Bytes read or appended. */
  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    if (this.#fd < 0) return;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at, bytes.length - at);
      this.#length += bytes.length;
    } catch {
      this.discard();
    }
  }

  /** Closes it and leaves it for a later pull, up to the last byte that was read or appended. Idempotent. */
  close(): void {
    if (this.#fd < 0) return;
    if (this.#length < MIN_BYTES) {
      this.discard();
      return;
    }
    try {
      ftruncateSync(this.#fd, this.#length);
    } catch {
      rmSync(this.#path, { force: true });
    }
    closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Closes and removes it. Idempotent. */
  discard(): void {
    if (this.#fd < 0) return;
    closeSync(this.#fd);
    this.#fd = -1;
    rmSync(this.#path, { force: true });
  }
}
