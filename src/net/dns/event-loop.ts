import { clearEventFd, EPOLLIN, Epoll } from '../../sys/mod.ts';
import { Deadlines } from './deadlines.ts';

/** How long an idle connection is kept. */
const IDLE_MS = 10_000;
/** How long one upstream server is waited for. Compat: libnetwork `extIOTimeout`. */
const UPSTREAM_MS = 4_000;
/** How long a sandbox that asked too much rests. */
const REST_MS = 20;
const WAKE_KEY = 1;

/** Descriptors that are waited for, and what is due, in one thread that does nothing else. */
export class EventLoop implements Disposable {
  readonly #epoll = new Epoll();
  readonly #watched = new Map<number, { fd: number; ready: () => void }>();
  readonly idle = new Deadlines(IDLE_MS);
  readonly upstream = new Deadlines(UPSTREAM_MS);
  readonly rest = new Deadlines(REST_MS);
  readonly #deadlines = [this.rest, this.upstream, this.idle];
  readonly #wake: number;
  readonly #onError: (error: unknown) => void;
  #lastKey = WAKE_KEY;

  /** `wake` is an eventfd of the caller's: see `turn`. What one callback throws keeps none of the others. */
  constructor(wake: number, onError: (error: unknown) => void) {
    this.#wake = wake;
    this.#onError = onError;
    this.#epoll.add(wake, WAKE_KEY, EPOLLIN);
  }

  /** Calls `ready` each time that the descriptor can be read (or what `events` says), until it is disposed of. */
  watch(fd: number, ready: () => void, events = EPOLLIN): Disposable {
    this.#lastKey = this.#lastKey === 0xffff_ffff ? WAKE_KEY + 1 : this.#lastKey + 1;
    const key = this.#lastKey;
    this.#epoll.add(fd, key, events);
    this.#watched.set(key, { fd, ready });
    return {
      // By key: the number of a closed descriptor is used again at once.
      [Symbol.dispose]: () => {
        if (this.#watched.delete(key)) this.#epoll.remove(fd);
      },
    };
  }

  /** Waits until something can be done, and does it. Signalled, it calls `woken` before all else. */
  turn(woken: () => void): void {
    const now = performance.now();
    const times = this.#deadlines.map((each) => each.next(now)).filter((each) => each !== undefined);
    const timeout = times.length === 0 ? -1 : Math.ceil(Math.min(...times));
    const ready: number[] = [];
    let signalled = false;
    this.#epoll.wait(timeout, (key) => {
      if (key === WAKE_KEY) signalled = true;
      else ready.push(key);
    });
    if (signalled) {
      // Race: cleared before the messages are read, so that one sent meanwhile wakes again.
      clearEventFd(this.#wake);
      woken();
    }
    // Race: one of them may end another of them.
    for (const key of ready) this.#attempt(() => this.#watched.get(key)?.ready());
    for (const each of this.#deadlines) this.#attempt(() => each.run());
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#onError(error);
    }
  }

  [Symbol.dispose](): void {
    this.#epoll[Symbol.dispose]();
  }
}
