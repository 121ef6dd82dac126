import { constants } from 'node:os';
import { closeFd, EPOLLIN, EPOLLOUT, receiveSome, sendSome } from '../../sys/mod.ts';
import type { EventLoop } from './event-loop.ts';
import { MAX_MESSAGE } from './message.ts';

const { EAGAIN } = constants.errno;

/** Answers that a client does not fetch: more, and it is cut off. */
const MAX_UNSENT = 4 * MAX_MESSAGE;
/** Reused: what is read is copied. */
const chunk = Buffer.alloc(16 * 1024);

interface Handlers {
  message: (bytes: Uint8Array) => void;
  /** The other side sends no more, but may still take answers. Without it, that closes the stream. */
  end?: () => void;
  close: () => void;
}

/**
 * DNS messages over TCP, each behind its length (RFC 1035, 4.2.2). Owns the descriptor. Nothing is read while something
 * is unsent. Closes itself, and says so, at the end of the stream, at errors, and when the other side takes nothing.
 */
export class MessageStream {
  readonly #fd: number;
  readonly #loop: EventLoop;
  readonly #on: Handlers;
  #watch: { events: number; stop: Disposable } | undefined;
  #received = Buffer.alloc(0);
  #unsent = Buffer.alloc(0);
  #paused = false;
  #delivering = false;
  #ended = false;
  #finishing = false;
  #open = true;

  constructor(loop: EventLoop, fd: number, on: Handlers) {
    this.#loop = loop;
    this.#fd = fd;
    this.#on = on;
    this.#rewatch();
  }

  /** Sends a message; what the socket does not take yet is sent later, in particular before it is connected. */
  send(message: Uint8Array): void {
    if (!this.#open) return;
    const head = Buffer.of(message.length >> 8, message.length & 255);
    this.#unsent = Buffer.concat([this.#unsent, head, message]);
    if (this.#unsent.length > MAX_UNSENT) this.close();
    else this.#flush();
  }

  /** Gives no message until `resume`; the other side's sending waits. */
  pause(): void {
    this.#paused = true;
    this.#rewatch();
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
    this.#rewatch();
  }

  /** Closes it when all is sent. */
  finish(): void {
    this.#finishing = true;
    if (this.#unsent.length === 0) this.close();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#rewatch();
    closeFd(this.#fd);
    this.#on.close();
  }

  #read(): void {
    const length = receiveSome(this.#fd, chunk);
    if (length === -EAGAIN) return;
    if (length === 0 && this.#on.end) {
      this.#ended = true;
      this.#rewatch();
      this.#on.end();
      return;
    }
    if (length <= 0) {
      this.close();
      return;
    }
    this.#received = Buffer.concat([this.#received, chunk.subarray(0, length)]);
    this.#deliver();
  }

  /** What resumes it while a message is dealt with does not come in here again: the stack has an end. */
  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      this.#deliverAll();
    } finally {
      this.#delivering = false;
    }
  }

  #deliverAll(): void {
    while (this.#open && !this.#paused && this.#received.length >= 2) {
      const end = 2 + this.#received.readUInt16BE(0);
      if (this.#received.length < end) return;
      const message = this.#received.subarray(2, end);
      this.#received = this.#received.subarray(end);
      this.#on.message(message);
    }
  }

  #flush(): void {
    while (this.#unsent.length > 0) {
      const sent = sendSome(this.#fd, this.#unsent);
      if (sent === -EAGAIN) break;
      if (sent < 0) {
        this.close();
        return;
      }
      this.#unsent = this.#unsent.subarray(sent);
    }
    if (this.#finishing && this.#unsent.length === 0) this.close();
    else this.#rewatch();
  }

  #rewatch(): void {
    const sending = this.#unsent.length > 0;
    const events = !this.#open ? 0 : sending ? EPOLLOUT : this.#paused || this.#ended ? 0 : EPOLLIN;
    if (this.#watch?.events === events) return;
    this.#watch?.stop[Symbol.dispose]();
    const ready = () => (sending ? this.#flush() : this.#read());
    this.#watch = events === 0 ? undefined : { events, stop: this.#loop.watch(this.#fd, ready, events) };
  }
}
