import type { OutputChunk, Subscription } from '../logs.ts';
import { chunkCost } from '../pump/protocol.ts';

/** One attached client's queue. It is bounded by its Audience, which makes the container wait. */
export class Subscriber implements Subscription {
  readonly #queue: OutputChunk[] = [];
  readonly #onTaken: () => void;
  readonly #onClose: () => void;
  #head = 0;
  #kept = 0;
  #ended = false;
  #closed = false;
  readonly #waiting: ((result: IteratorResult<OutputChunk>) => void)[] = [];

  constructor(onTaken: () => void, onClose: () => void) {
    this.#onTaken = onTaken;
    this.#onClose = onClose;
  }

  /** Cost of what it has not taken yet. */
  get kept(): number {
    return this.#kept;
  }

  push(chunk: OutputChunk): void {
    if (this.#closed) return;
    const waiting = this.#waiting.shift();
    if (waiting) {
      waiting({ done: false, value: chunk });
      return;
    }
    this.#queue.push(chunk);
    this.#kept += chunkCost(chunk.data);
  }

  /** The container is done: the client still gets what is in the queue. */
  end(): void {
    this.#ended = true;
    for (const waiting of this.#waiting.splice(0)) waiting({ done: true, value: undefined });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    this.#head = 0;
    this.#kept = 0;
    this.end();
    this.#onClose();
  }

  [Symbol.asyncIterator](): AsyncIterator<OutputChunk> {
    return {
      next: () => this.#next(),
      return: () => {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #next(): Promise<IteratorResult<OutputChunk>> {
    const chunk = this.#queue[this.#head];
    if (chunk) {
      this.#head++;
      if (this.#head === this.#queue.length) {
        this.#queue.length = 0;
        this.#head = 0;
      } else if (this.#head >= 1024) {
        this.#queue.splice(0, this.#head);
        this.#head = 0;
      }
      this.#kept -= chunkCost(chunk.data);
      this.#onTaken();
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
