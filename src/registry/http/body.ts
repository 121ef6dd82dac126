import { TransportError, transportError } from './transport-error.ts';

/** Larger pieces are handed on in parts, so that a reader's buffers can be of one size. */
const MAX_CHUNK = 256 << 10;
/** A peer that sends less than this in a whole stall time has hung, however lively it looks. */
const PROGRESS_BYTES = 4096;
/** Pieces below this many bytes are joined: a Buffer costs more than that. */
const SMALL_BYTES = 1024;
/** A body in which so many more pieces are tiny than not (chunks of one byte) is made to cost us more than the peer. */
const TINY_BYTES = 64;
const MAX_TINY = 4_096;

/** What is read: an `IncomingMessage`, or what does as it does. */
interface Incoming {
  readonly complete: boolean;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'end' | 'aborted' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
}

/** Whose answer that is: a request, or the connection. */
interface Request {
  on(event: 'error', listener: (error: Error) => void): unknown;
  destroy(): unknown;
}

/**
 * The body of one answer. The socket is paused while nobody asks for more, so memory stays flat; only time spent
 * waiting for the peer counts as its stall. Whoever stops before the end must call `destroy`.
 */
export class Body {
  readonly #incoming: Incoming;
  readonly #request: Request;
  readonly #url: URL;
  readonly #stallMs: number;
  #queue: Buffer[] = [];
  /** The last entry of the queue, if it is a buffer of ours with room for more. */
  #joint: { buffer: Buffer; used: number } | undefined;
  #tiny = 0;
  #ended = false;
  #error: TransportError | undefined;
  #wake: (() => void) | undefined;

  constructor(incoming: Incoming, request: Request, url: URL, stallMs: number) {
    this.#incoming = incoming;
    this.#request = request;
    this.#url = url;
    this.#stallMs = stallMs;
    incoming.on('data', (chunk: Buffer) => {
      this.#enqueue(chunk);
      incoming.pause();
      this.#wake?.();
    });
    incoming.on('end', () => {
      this.#ended = incoming.complete;
      if (!incoming.complete) this.#fail(this.#truncated());
      this.#wake?.();
    });
    // Bun reports a reset on the request, Node on the answer; both may say `aborted` first.
    incoming.on('aborted', () => this.#fail(this.#truncated()));
    incoming.on('error', (error) => this.#fail(transportError('GET', url, error)));
    request.on('error', (error) => this.#fail(transportError('GET', url, error)));
    incoming.on('close', () => this.#fail(this.#truncated()));
    incoming.pause();
  }

  /** The pieces as they come, each up to 256 KiB. Throws TransportError if the body breaks off or stalls. */
  async *chunks(): AsyncGenerator<Buffer, void, void> {
    let patience = this.#stallMs;
    let sinceProgress = 0;
    try {
      for (;;) {
        const started = performance.now();
        const chunk = await this.#next(patience);
        if (!chunk) return;
        patience -= performance.now() - started;
        sinceProgress += chunk.length;
        if (sinceProgress >= PROGRESS_BYTES) {
          patience = this.#stallMs;
          sinceProgress = 0;
        }
        for (let at = 0; at < chunk.length; at += MAX_CHUNK) yield chunk.subarray(at, at + MAX_CHUNK);
      }
    } finally {
      if (!this.#ended) this.destroy();
    }
  }

  /** All of it, or undefined as soon as it is more than `maxBytes`. */
  async bytes(maxBytes: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let total = 0;
    for await (const chunk of this.chunks()) {
      total += chunk.length;
      if (total > maxBytes) return undefined;
      parts.push(chunk);
    }
    return Buffer.concat(parts, total);
  }

  /** Reads a short body to its end, so that the connection can be used again; cuts a long one off. */
  async discard(): Promise<void> {
    await this.bytes(64 << 10).catch(() => undefined);
  }

  /** Closes the connection. Idempotent. */
  destroy(error?: TransportError): void {
    if (this.#ended) return;
    this.#fail(error ?? new TransportError('GET', this.#url, 'cancelled', 'context canceled'));
    this.#request.destroy();
    this.#incoming.destroy();
  }

  /** The parser gives all pieces of what it has read, also after a pause. */
  #enqueue(chunk: Buffer): void {
    this.#tiny = Math.max(0, this.#tiny + (chunk.length < TINY_BYTES ? 1 : -4));
    if (chunk.length >= SMALL_BYTES) {
      this.#joint = undefined;
      this.#queue.push(chunk);
      return;
    }
    if (this.#tiny > MAX_TINY) {
      this.destroy(new TransportError('GET', this.#url, 'protocol', 'body in too many tiny pieces'));
      return;
    }
    if (!this.#joint || this.#joint.used + chunk.length > this.#joint.buffer.length) {
      this.#joint = { buffer: Buffer.allocUnsafe(16 * SMALL_BYTES), used: 0 };
      this.#queue.push(this.#joint.buffer.subarray(0, 0));
    }
    const { buffer, used } = this.#joint;
    buffer.set(chunk, used);
    this.#joint.used = used + chunk.length;
    this.#queue[this.#queue.length - 1] = buffer.subarray(0, this.#joint.used);
  }

  #dequeue(): Buffer | undefined {
    const chunk = this.#queue.shift();
    if (this.#queue.length === 0) this.#joint = undefined;
    return chunk;
  }

  async #next(patienceMs: number): Promise<Buffer | undefined> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      for (;;) {
        const chunk = this.#dequeue();
        if (chunk) return chunk;
        if (this.#ended) return undefined;
        if (this.#error) throw this.#error;
        timer ??= setTimeout(() => this.destroy(this.#stalled()), Math.max(0, patienceMs));
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        this.#incoming.resume();
        await promise;
      }
    } finally {
      clearTimeout(timer);
      this.#wake = undefined;
    }
  }

  #fail(error: TransportError): void {
    if (!this.#ended) this.#error ??= error;
    this.#wake?.();
  }

  #truncated(): TransportError {
    return new TransportError('GET', this.#url, 'reset', 'unexpected EOF');
  }

  #stalled(): TransportError {
    return new TransportError('GET', this.#url, 'stalled', stallReason(this.#stallMs));
  }
}

/** What is said of a body that stopped coming. */
export function stallReason(stallMs: number): string {
  return `net/http: timeout reading body: no progress within ${stallMs / 1000} seconds`;
}
