import type { Endpoint } from './endpoint.ts';

/** One byte stream to an engine, both ways. */
export interface Connection {
  /** Resolves once the bytes were taken; rejects when the peer is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Half-close: no more bytes from us; reading goes on. */
  end(): void;
  /** The next bytes; null at the end of the stream. Nothing is read from the socket while nobody asks. */
  read(): Promise<Uint8Array | null>;
  /** Closes both ways; a pending `read` gets null. */
  close(): void;
}

/** Opens a connection. Rejects with the system's error (`code` = ECONNREFUSED, ENOENT, EACCES, …). */
export type Dial = (endpoint: Endpoint) => Promise<Connection>;

const HIGH_WATER = 256 * 1024;

/**
 * Turns a socket that pushes into one that is asked. Keeps at most about 256 KB, then calls `pause`, and `resume`
 * when the reader caught up.
 */
export class InboundQueue {
  #chunks: Uint8Array[] = [];
  #size = 0;
  #paused = false;
  #ended = false;
  #error: Error | undefined;
  #waiter: { resolve(value: Uint8Array | null): void; reject(error: Error): void } | undefined;
  readonly #flow: { pause(): void; resume(): void };

  constructor(flow: { pause(): void; resume(): void }) {
    this.#flow = flow;
  }

  /** Bytes arrived. The queue keeps `chunk` itself, so the socket must not reuse it. */
  push(chunk: Uint8Array): void {
    if (this.#waiter) {
      const { resolve } = this.#waiter;
      this.#waiter = undefined;
      resolve(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size >= HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.#flow.pause();
    }
  }

  /** The stream ended, or broke with `error`. */
  finish(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    if (!this.#waiter) return;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (error) waiter.reject(error);
    else waiter.resolve(null);
  }

  /** See `Connection.read`. */
  read(): Promise<Uint8Array | null> {
    const chunk = this.#chunks.shift();
    if (chunk) {
      this.#size -= chunk.length;
      if (this.#paused && this.#size < HIGH_WATER / 2) {
        this.#paused = false;
        this.#flow.resume();
      }
      return Promise.resolve(chunk);
    }
    if (this.#error) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }
}
