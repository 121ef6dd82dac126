import { closeSync } from 'node:fs';
import { arch } from 'node:process';
import { check, libc, tryCall } from './libc.ts';

const createCall = libc.func('int epoll_create1(int flags)');
const ctlCall = libc.func('int epoll_ctl(int epoll, int operation, int fd, void *event)');
const waitCall = libc.func('int epoll_wait(int epoll, void *events, int max, int timeout)');
const eventfdCall = libc.func('int eventfd(unsigned int initial, int flags)');
const readCall = libc.func('long read(int fd, void *buffer, size_t length)');
const writeCall = libc.func('long write(int fd, const void *buffer, size_t length)');

const EPOLL_CLOEXEC = 0o2000000;
const CTL_ADD = 1;
const CTL_DEL = 2;
const EFD_FLAGS = 0o2000000 | 0o4000;
const MAX_EVENTS = 128;
/** Spec: epoll_event is packed on x86-64 only (linux/eventpoll.h, EPOLL_PACKED). */
const SIZE = arch === 'x64' ? 12 : 16;
const KEY_AT = SIZE - 8;

export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLET = 0x8000_0000;

/**
 * epoll(7). Descriptors are watched under a key of the caller's own, since the number of a closed descriptor is
 * used again at once. `wait` blocks its thread: use it with a timeout of 0 or in a worker.
 */
export class Epoll implements Disposable {
  readonly fd = check('epoll_create1', () => createCall(EPOLL_CLOEXEC));
  readonly #events = new DataView(new ArrayBuffer(SIZE * MAX_EVENTS));
  readonly #bytes = new Uint8Array(this.#events.buffer);
  readonly #one = new DataView(new ArrayBuffer(SIZE));
  readonly #oneBytes = new Uint8Array(this.#one.buffer);
  #closed = false;

  /** Watches `fd` for `events`; `key` is a positive number up to 2^32 - 1. */
  add(fd: number, key: number, events: number): void {
    this.#one.setUint32(0, events >>> 0, true);
    this.#one.setUint32(KEY_AT, key, true);
    this.#one.setUint32(KEY_AT + 4, 0, true);
    check('epoll_ctl', () => ctlCall(this.fd, CTL_ADD, fd, this.#oneBytes));
  }

  /** Stops watching. Call it before closing `fd`: a duplicate elsewhere would keep the watch alive. */
  remove(fd: number): void {
    tryCall(() => ctlCall(this.fd, CTL_DEL, fd, this.#oneBytes));
  }

  /** Waits up to `timeout` ms (-1 = for ever); calls back for each event, in the order in which they came up. */
  wait(timeout: number, onEvent: (key: number, events: number) => void): number {
    const count = check('epoll_wait', () => waitCall(this.fd, this.#bytes, MAX_EVENTS, timeout));
    for (let i = 0; i < count; i++) {
      onEvent(this.#events.getUint32(i * SIZE + KEY_AT, true), this.#events.getUint32(i * SIZE, true));
    }
    return count;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.fd);
  }
}

const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);
const scratch = new Uint8Array(8);

/** A non-blocking eventfd(2), with which one thread wakes another out of `Epoll.wait`. */
export function openEventFd(): number {
  return check('eventfd', () => eventfdCall(0, EFD_FLAGS));
}

/** Makes an eventfd readable. */
export function signalEventFd(fd: number): void {
  tryCall(() => writeCall(fd, ONE, 8));
}

/** Makes it unreadable again. */
export function clearEventFd(fd: number): void {
  tryCall(() => readCall(fd, scratch, 8));
}
