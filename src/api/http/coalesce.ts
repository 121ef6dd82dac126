/** Bytes that are gathered before a write, and so the size of a write. */
const BATCH = 64 * 1024;

/**
 * Joins what is appended within one turn of the event loop into few writes: a log of a million lines would otherwise
 * be a million writes. An append waits while the destination has no room.
 */
export class CoalescingWriter {
  readonly #write: (data: Uint8Array) => Promise<void>;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #scheduled: ReturnType<typeof setImmediate> | undefined;
  #under: Promise<void> = Promise.resolve();
  #failure: { error: unknown } | undefined;

  constructor(write: (data: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  /** Rejects with the error of an earlier write. */
  async append(...parts: Uint8Array[]): Promise<void> {
    for (const part of parts) {
      this.#chunks.push(part);
      this.#size += part.length;
    }
    if (this.#size >= BATCH) return await this.flush();
    this.#throwFailure();
    this.#scheduled ??= setImmediate(() => void this.flush().catch(() => {}));
  }

  /** Resolves when all was written and there is room again. */
  async flush(): Promise<void> {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#size > 0) {
      const data = this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks);
      this.#chunks = [];
      this.#size = 0;
      this.#under = this.#under.then(() => this.#write(data)).catch((error) => this.#keep(error));
    }
    await this.#under;
    this.#throwFailure();
  }

  #keep(error: unknown): void {
    this.#failure ??= { error };
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
