import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { clearEventFd, EPOLLIN, Epoll, readInto, setReceiveLowWater } from '../../../sys/mod.ts';

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
  /** All bytes are there, or no more will come. The socket is closed. */
  ended(got: number, stalled: boolean): void;
}

interface Reading {
  fd: number;
  left: number;
  got: number;
  stallMs: number;
  /** When it has hung, unless so much more has come by then. */
  deadline: number;
  wanted: number;
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

  /** Reads `length` bytes from `fd`, and closes it. `key` is for `drop`. */
  add(key: number, fd: number, length: number, stallMs: number, client: SocketClient): void {
    const now = performance.now();
    this.#readings.set(key, {
      ...{ fd, left: length, got: 0, stallMs, client },
      ...{ deadline: now + stallMs, wanted: PROGRESS_BYTES },
    });
    setReceiveLowWater(fd, Math.min(length, LOW_WATER));
    this.#epoll.add(fd, key, EPOLLIN);
    this.#soon();
  }

  /** Closes the socket of `key`, if it has one, and says nothing. */
  drop(key: number): void {
    const reading = this.#readings.get(key);
    if (!reading) return;
    this.#readings.delete(key);
    this.#epoll.remove(reading.fd);
    closeSync(reading.fd);
  }

  close(): void {
    for (const key of [...this.#readings.keys()]) this.drop(key);
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
      const room = Math.min(BUFFER, reading.left);
      const count = readInto(reading.fd, room === BUFFER ? this.#buffer : this.#buffer.subarray(0, room));
      if (count === -EAGAIN) return;
      if (count <= 0) {
        this.#end(key, reading, false);
        return;
      }
      reading.left -= count;
      reading.got += count;
      if (reading.left < LOW_WATER) setReceiveLowWater(reading.fd, Math.max(1, reading.left));
      // The client may drop it.
      reading.client.bytes(this.#buffer.subarray(0, count));
      if (reading.left === 0 && this.#readings.get(key) === reading) this.#end(key, reading, false);
      if (count < room) return;
    }
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

  #end(key: number, { got, client }: Reading, stalled: boolean): void {
    this.drop(key);
    client.ended(got, stalled);
  }
}
