import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { EngineError, messageOf } from '../../base/mod.ts';
import { ChunkedReader, type ChunkedState } from '../../spec/http/chunked.ts';
import type { SocketInput } from './socket-input.ts';

/** What only `sys` may do with a socket. */
export interface SocketLending {
  /** From the next turn of the event loop on nothing is read. */
  pause(socket: Socket): void;
  resume(socket: Socket): void;
  /** A descriptor of the socket, for who closes it; undefined where the runtime does not tell it. */
  take(socket: Socket): number | undefined;
}

/** The length of a body, or that it comes in chunks. */
export type Framing = number | 'chunked';

/** What was read and is not the borrower's, and where in the chunks it begins. */
interface GivenBack {
  bytes: Uint8Array;
  chunks: ChunkedState | undefined;
}

/**
 * The body of a request whose connection was taken over. It can be read like any other; and who has a thread of its own
 * can have the socket lent for some of it, for carrying large bodies through the HTTP server and this thread costs more
 * CPU time than most of what is done with them.
 */
export class SocketBody implements AsyncIterable<Uint8Array> {
  readonly #socket: Socket;
  readonly #input: SocketInput;
  readonly #lending: SocketLending | undefined;
  #chunks: ChunkedReader | undefined;
  #left: number;
  #raw: Buffer = Buffer.alloc(0);
  #at = 0;
  #lent: Promise<void> | undefined;
  /** Told once; if it is known where the socket stands, what follows can still be read. */
  #failure: EngineError | undefined;
  #broken = false;

  constructor(socket: Socket, input: SocketInput, framing: Framing, lending?: SocketLending) {
    this.#socket = socket;
    this.#input = input;
    this.#lending = lending;
    this.#chunks = framing === 'chunked' ? new ChunkedReader() : undefined;
    this.#left = framing === 'chunked' ? Number.POSITIVE_INFINITY : framing;
  }

  /** Each iterator goes on where the one before it stopped. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      await this.#lent;
      const failure = this.#failure;
      if (!this.#broken) this.#failure = undefined;
      if (failure) throw failure;
      if (this.#left === 0 || this.#chunks?.ended) return;
      if (this.#at === this.#raw.length) {
        const raw = await this.#input.next();
        if (raw === undefined) throw new EngineError('cancelled', 'unexpected EOF');
        this.#raw = raw;
        this.#at = 0;
      }
      const piece = this.#advance();
      if (piece.length > 0) yield piece;
    }
  }

  /**
   * Lends the socket for the next `length` bytes: whoever takes it reads just these and settles before anything else is
   * read. If the body ends before, the next read rejects. Undefined where it cannot be lent.
   */
  async lend(length: number): Promise<LentBody | undefined> {
    const lending = this.#lending;
    const fd = lending?.take(this.#socket);
    if (!lending || fd === undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lent = promise;
    const head = Buffer.concat([this.#raw.subarray(this.#at), await this.#input.stop(lending)]);
    this.#raw = Buffer.alloc(0);
    this.#at = 0;
    const chunks = this.#chunks?.state;
    // A sender may have less than it said in another place.
    const most = Math.min(length, this.#left);
    return new LentBody(fd, { length: most, head, chunks }, (got, back) => {
      this.#left -= got;
      if (back?.chunks) this.#chunks = new ChunkedReader(back.chunks);
      // Race: without it nobody knows where in the chunks the socket stands.
      this.#broken = back === undefined;
      if (this.#broken || got < length) this.#failure = new EngineError('invalid', 'unexpected EOF');
      try {
        this.#input.goOn(Buffer.from(back?.bytes ?? []), lending);
      } catch (error) {
        this.#broken = true;
        this.#failure = error as EngineError;
      }
      this.#lent = undefined;
      resolve();
    });
  }

  #advance(): Buffer {
    const raw = this.#raw;
    if (!this.#chunks) {
      const piece = raw.subarray(this.#at, this.#at + this.#left);
      this.#left -= piece.length;
      this.#at += piece.length;
      return piece;
    }
    try {
      this.#at = this.#chunks.advance(raw, this.#at, raw.length);
    } catch (cause) {
      throw new EngineError('invalid', messageOf(cause), { cause });
    }
    return raw.subarray(this.#chunks.from, this.#chunks.to);
  }
}

/** A part of a body that its borrower reads from the socket. */
class LentBody {
  readonly length: number;
  /** The first bytes as they came, which are no longer in the socket. */
  readonly head: Buffer;
  /** How the body is cut in chunks, if it is. */
  readonly chunks: ChunkedState | undefined;
  /** A client may take its time. */
  readonly stallMs = Number.POSITIVE_INFINITY;
  readonly returns = true;
  readonly #fd: number;
  readonly #settle: (got: number, back: GivenBack | undefined) => void;
  #taken = false;
  #settled = false;

  constructor(
    fd: number,
    what: { length: number; head: Buffer; chunks: ChunkedState | undefined },
    settle: (got: number, back: GivenBack | undefined) => void,
  ) {
    this.#fd = fd;
    this.length = what.length;
    this.head = what.head;
    this.chunks = what.chunks;
    this.#settle = settle;
  }

  /** The descriptor; whoever takes it closes it. */
  take(): number {
    this.#taken = true;
    return this.#fd;
  }

  /** `got` bytes of the body were read; without `back` where that was is not known. */
  settle(got: number, _stalled: boolean, back?: GivenBack): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#settle(got, back);
  }

  /** Nobody takes it. */
  release(): void {
    if (this.#taken || this.#settled) return;
    this.#taken = true;
    closeSync(this.#fd);
    this.settle(0, false, { bytes: this.head, chunks: this.chunks });
  }
}
