import type { Socket } from 'node:net';
import { EngineError } from '../../base/mod.ts';
import type { SocketLending } from './socket-body.ts';

/** Unread bytes above which the peer has to wait. */
const HIGH_WATER = 64 * 1024;

/**
 * The reading side of a socket whose first bytes (`head`) were read by somebody else: first a body of known length,
 * then whatever follows until the peer half-closes or goes.
 */
export class SocketInput {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #ended = false;
  #wake: () => void = () => {};

  constructor(socket: Socket, head: Buffer) {
    this.#socket = socket;
    if (head.length > 0) this.#push(head);
    socket.on('data', (chunk: Buffer) => this.#push(chunk));
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.once('end', end);
    socket.once('close', end);
    socket.resume();
  }

  /** Exactly `length` bytes, or fewer if the peer ends before. */
  async *body(length: number): AsyncGenerator<Buffer> {
    let left = length;
    while (left > 0) {
      const chunk = await this.next();
      if (chunk === undefined) return;
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (part.length < chunk.length) {
        this.#chunks.unshift(chunk.subarray(part.length));
        this.#size += chunk.length - part.length;
      }
      yield part;
    }
  }

  /** Everything that is left. */
  async *rest(): AsyncGenerator<Buffer> {
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) yield chunk;
  }

  /** Reads no more, so that somebody else can; gives what was read and is not used. */
  async stop(lending: SocketLending): Promise<Buffer> {
    const stop = () => {
      this.#socket.pause();
      lending.pause(this.#socket);
    };
    stop();
    // Race: in this turn of the event loop it is still read.
    await new Promise((resolve) => setImmediate(resolve));
    // What the stream holds comes as `data`, and makes it want more.
    while (this.#socket.readableLength > 0) this.#socket.read();
    stop();
    this.#size = 0;
    return Buffer.concat(this.#chunks.splice(0));
  }

  /** Goes on reading, after `bytes` that somebody else has read. Throws if it was read here meanwhile. */
  goOn(bytes: Buffer, lending: SocketLending): void {
    if (this.#chunks.length > 0 || this.#socket.readableLength > 0) {
      throw new EngineError('internal', 'a socket was read by two');
    }
    if (bytes.length > 0) this.#push(bytes);
    if (this.#ended) return;
    lending.resume(this.#socket);
    if (this.#size <= HIGH_WATER) this.#socket.resume();
  }

  #push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > HIGH_WATER) this.#socket.pause();
    this.#wake();
  }

  /** What comes next; undefined when the peer has ended. */
  async next(): Promise<Buffer | undefined> {
    while (this.#chunks.length === 0 && !this.#ended) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return undefined;
    this.#size -= chunk.length;
    if (this.#size <= HIGH_WATER && !this.#ended) this.#socket.resume();
    return chunk;
  }
}
