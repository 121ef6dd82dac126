import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';

/** The bytes of one file of a log, as they were written. */
export interface ByteSource {
  /** Reads up to `most` bytes from `position` on into `into` at `at`; 0 at the end. */
  read(into: Buffer, at: number, most: number, position: number): Promise<number>;
  close(): Promise<void>;
}

export function plainSource(handle: FileHandle): ByteSource {
  return {
    read: async (into, at, most, position) => (await handle.read(into, at, most, position)).bytesRead,
    close: () => handle.close(),
  };
}

/**
 * A compressed file, inflated while it is read; no copy of it is made on the disk. Reading is cheap in order; a look
 * back begins anew. A file that is cut off or damaged ends there.
 */
export class GzipSource implements ByteSource {
  readonly #handle: FileHandle;
  #stream: AsyncIterator<Buffer> | undefined;
  #piece: Buffer = Buffer.alloc(0);
  /** Position of the first byte of `#piece`. */
  #position = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async read(into: Buffer, at: number, most: number, position: number): Promise<number> {
    if (!this.#stream || position < this.#position) await this.#restart();
    while (position >= this.#position + this.#piece.length) {
      this.#position += this.#piece.length;
      this.#piece = Buffer.alloc(0);
      const next = await this.#stream?.next().catch(() => undefined);
      if (!next || next.done) return 0;
      this.#piece = next.value;
    }
    const offset = position - this.#position;
    return this.#piece.copy(into, at, offset, Math.min(this.#piece.length, offset + most));
  }

  async close(): Promise<void> {
    await this.#stop();
    await this.#handle.close();
  }

  async #restart(): Promise<void> {
    await this.#stop();
    const file = createReadStream('', { fd: this.#handle.fd, autoClose: false, start: 0 });
    const gunzip = createGunzip();
    file.on('error', (error) => gunzip.destroy(error));
    this.#stream = file.pipe(gunzip)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#piece = Buffer.alloc(0);
    this.#position = 0;
  }

  async #stop(): Promise<void> {
    await this.#stream?.return?.().catch(() => {});
    this.#stream = undefined;
  }
}
