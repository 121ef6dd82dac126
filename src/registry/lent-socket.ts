import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';

/**
 * Takes the descriptor out of a connected socket: gives a second, non-blocking one, or undefined where the runtime
 * does not tell it. Handed in, since only `sys` may touch descriptors.
 */
export type TakeDescriptor = (socket: Socket) => number | undefined;

/** What a blob comes in: bytes, or a socket from which the reader takes the next ones itself. */
export type BlobPiece = Uint8Array | LentSocket;

/**
 * A connection whose next `length` bytes are a blob's, for a reader that has a thread of its own: it takes the
 * descriptor, reads, closes it, and tells by `settle` how far it came before it asks for the next piece.
 */
export class LentSocket {
  readonly length: number;
  /** The peer has hung if nothing comes for so long, milliseconds. */
  readonly stallMs: number;
  readonly #fd: number;
  #taken = false;
  /** Bytes that were read. */
  got = 0;
  /** It was silence that ended it before its length. */
  stalled = false;

  constructor(fd: number, length: number, stallMs: number) {
    this.#fd = fd;
    this.length = length;
    this.stallMs = stallMs;
  }

  /** The descriptor; whoever takes it closes it. */
  take(): number {
    this.#taken = true;
    return this.#fd;
  }

  settle(got: number, stalled: boolean): void {
    this.got = got;
    this.stalled = stalled;
  }

  /** Closes it unless somebody took it. Idempotent. */
  release(): void {
    if (this.#taken) return;
    this.#taken = true;
    closeSync(this.#fd);
  }
}
