import type { SocketPiece } from '../../layers/layer-store.ts';

/**
 * Hands chunks from who has them to who asks for them, one at a time: `push` resolves when the chunk was asked for, so
 * nothing gathers in between. A reader that left, or never comes to its end, does not hold the writer up.
 */
export class Channel implements AsyncIterable<Uint8Array | SocketPiece> {
  #offered: { chunk: Uint8Array | SocketPiece; taken: () => void } | undefined;
  #wake: (() => void) | undefined;
  #ended = false;
  #left = false;

  /** True once nobody reads any more: what is pushed is dropped. */
  get left(): boolean {
    return this.#left;
  }

  async push(chunk: Uint8Array | SocketPiece): Promise<void> {
    if (this.#left) {
      release(chunk);
      return;
    }
    await new Promise<void>((taken) => {
      this.#offered = { chunk, taken };
      this.#wake?.();
    });
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The reader gives up: a pending `push` resolves, later ones at once. Idempotent. */
  leave(): void {
    this.#left = true;
    if (this.#offered) release(this.#offered.chunk);
    this.#offered?.taken();
    this.#offered = undefined;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array | SocketPiece> {
    try {
      for (;;) {
        while (!this.#offered && !this.#ended && !this.#left) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
        const offered = this.#offered;
        if (!offered) return;
        this.#offered = undefined;
        // The writer may go on while this chunk is worked off; its next one waits.
        offered.taken();
        yield offered.chunk;
      }
    } finally {
      this.leave();
    }
  }
}

function release(chunk: Uint8Array | SocketPiece): void {
  if (!(chunk instanceof Uint8Array)) chunk.release?.();
}
