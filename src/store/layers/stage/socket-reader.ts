import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { ChunkedReader } from '../../../spec/http/chunked.ts';
import { clearEventFd, EPOLLIN, Epoll, readInto, setReceiveLowWater } from '../../../sys/mod.ts';
import type { SocketBack } from '../layer-store.ts';
import type { LentReading } from './protocol.ts';

const { EAGAIN } = constants.errno;
/** Stays in the processor's cache between the kernel's copy and the checksum. */
const BUFFER = 256 * 1024;
/** A small read costs as much beside its bytes as a large one. */
const LOW_WATER = 64 * 1024;
/** Buffers read from one socket before another's turn. */
const TURN = 4;
/** Longest wait, so that timers of this thread have their turn too. */
const WAIT_MS = 500;
/** A peer that sends less than this in a whole stall time has hung, however lively it looks. */
const PROGRESS_BYTES = 4096;
const WAKE = 0xffff_ffff;

/** Who reads from a socket. */
export interface SocketClient {
  bytes(bytes: Buffer): void;
  /** All bytes are there, or no more will come. The descriptor is closed. `back` for a socket that goes back. */
  ended(got: number, stalled: boolean, back: SocketBack | undefined): void;
}

interface Reading {
  fd: number;
  left: number;
  got: number;
  stallMs: number;
  /** When it has hung, unless so much more has come by then. */
  deadline: number;
  wanted: number;
  /** Takes the framing away, if there is any. */
  chunks: ChunkedReader | undefined;
  returns: boolean;
  client: SocketClient;
}

/**
 * Reads sockets on this thread into one buffer that is used again and again. While it has any, the thread waits here
 * and not in its event loop; `wake` is an eventfd that ends the wait when a message comes.
 */
export class SocketReader {
  readonly #epoll = new Epoll();
  readonly #wake: number;
  readonly #readings = new Map<number, Reading>();
  readonly #buffer = Buffer.alloc(BUFFER);
  #running = false;
  /** Turns that must not wait: a message is on its way through the event loop. */
  #hurry = 0;

  constructor(wake: number) {
    this.#wake = wake;
    this.#epoll.add(wake, WAKE, EPOLLIN);
  }

  /** Reads `length` bytes from `fd`, and closes it. `key` is for `ignore` and `giveBack`. */
  add(key: number, fd: number, what: LentReading, client: SocketClient): void {
    const { length, stallMs, returns, head } = what;
    const now = performance.now();
    const reading: Reading = {
      ...{ fd, left: length, got: 0, stallMs, returns, client },
      ...{ deadline: now + stallMs, wanted: PROGRESS_BYTES },
      chunks: what.chunks && new ChunkedReader(what.chunks),
    };
    this.#readings.set(key, reading);
    setReceiveLowWater(fd, Math.min(length, LOW_WATER));
    this.#epoll.add(fd, key, EPOLLIN);
    for (let at = 0; head && at < head.length && this.#readings.get(key) === reading; at += BUFFER) {
      const count = Math.min(BUFFER, head.length - at);
      this.#buffer.set(head.subarray(at, at + count));
      this.#take(key, reading, count, head.subarray(at + count));
    }
    this.#soon();
  }

  /** Nobody wants the bytes of `key`, if it has a socket: it is closed; one that goes back is read to its end. */
  ignore(key: number): void {
    const reading = this.#readings.get(key);
    if (!reading?.returns) this.#drop(key);
    else reading.client = { ...reading.client, bytes: () => {} };
  }

  /** Reads no more for `key`, if it has a socket. */
  giveBack(key: number): void {
    const reading = this.#readings.get(key);
    if (reading?.returns) this.#end(key, reading, false);
    else this.#drop(key);
  }

  close(): void {
    for (const key of [...this.#readings.keys()]) this.#drop(key);
    this.#epoll[Symbol.dispose]();
  }

  #soon(): void {
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#running = false;
    if (this.#readings.size === 0) return;
    const now = performance.now();
    const first = Math.min(...[...this.#readings.values()].map(({ deadline }) => deadline));
    const wait = this.#hurry > 0 ? 0 : Math.max(0, Math.min(WAIT_MS, Math.ceil(first - now)));
    if (this.#hurry > 0) this.#hurry--;
    this.#epoll.wait(wait, (key) => {
      if (key !== WAKE) this.#read(key);
      else {
        clearEventFd(this.#wake);
        this.#hurry = 2;
      }
    });
    this.#checkStalls();
    this.#soon();
  }

  #read(key: number): void {
    for (let n = 0; n < TURN; n++) {
      const reading = this.#readings.get(key);
      if (!reading) return;
      const room = reading.chunks ? BUFFER : Math.min(BUFFER, reading.left);
      const count = readInto(reading.fd, room === BUFFER ? this.#buffer : this.#buffer.subarray(0, room));
      if (count === -EAGAIN) return;
      if (count <= 0) {
        this.#end(key, reading, false);
        return;
      }
      this.#take(key, reading, count, NOTHING);
      if (count < room) return;
    }
  }

  /** Works off the first `count` bytes of the buffer; `after` are those that came behind them. */
  #take(key: number, reading: Reading, count: number, after: Uint8Array): void {
    const { length, next } = this.#content(reading, count);
    reading.left -= length;
    reading.got += length;
    if (reading.left < LOW_WATER) setReceiveLowWater(reading.fd, Math.max(1, reading.left));
    // The client may drop it.
    if (length > 0) reading.client.bytes(this.#buffer.subarray(0, length));
    if (this.#readings.get(key) !== reading) return;
    if (next < 0) this.#end(key, reading, false, null);
    else if (reading.left === 0 || reading.chunks?.ended) {
      this.#end(key, reading, false, Buffer.concat([this.#buffer.subarray(next, count), after]));
    }
  }

  /** Brings the content to the front of the buffer, without its framing; `next`: where what follows begins, -1 = broken. */
  #content({ chunks, left }: Reading, count: number): { length: number; next: number } {
    if (!chunks) return { length: Math.min(count, left), next: Math.min(count, left) };
    let length = 0;
    let at = 0;
    try {
      while (at < count && length < left && !chunks.ended) {
        at = chunks.advance(this.#buffer.subarray(0, count), at, left - length);
        this.#buffer.copyWithin(length, chunks.from, chunks.to);
        length += chunks.to - chunks.from;
      }
    } catch {
      return { length, next: -1 };
    }
    return { length, next: at };
  }

  #checkStalls(): void {
    const now = performance.now();
    for (const [key, reading] of this.#readings) {
      if (reading.got >= reading.wanted) {
        reading.wanted = reading.got + PROGRESS_BYTES;
        reading.deadline = now + reading.stallMs;
      } else if (now >= reading.deadline) this.#end(key, reading, true);
    }
  }

  /** `rest` = null: nobody knows where in its chunks the socket stands. */
  #end(key: number, reading: Reading, stalled: boolean, rest: Uint8Array | null = NOTHING): void {
    const { got, client, returns, chunks, fd } = reading;
    if (returns) setReceiveLowWater(fd, 1);
    this.#drop(key);
    const back = returns && rest ? { bytes: rest, chunks: chunks?.state } : undefined;
    client.ended(got, stalled, back);
  }

  #drop(key: number): void {
    const reading = this.#readings.get(key);
    if (!reading) return;
    this.#readings.delete(key);
    this.#epoll.remove(reading.fd);
    closeSync(reading.fd);
  }
}

const NOTHING = new Uint8Array(0);
