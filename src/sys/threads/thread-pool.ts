import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../base/mod.ts';
import { openEventFd, signalEventFd } from '../ffi/epoll.ts';
import { requireFreeDescriptors } from '../fs/descriptors.ts';
import { programFile } from '../proc/package.ts';

/** A thread without work ends after so long. */
const IDLE_MS = 10_000;

export interface ThreadPoolOptions<To, From> {
  /** The worker's source below `src/`. */
  program: string;
  /** Threads at most; there is none before there is work. */
  most: number;
  /** Descriptors that the work of one thread may take. */
  descriptors: number;
  /** Tells a thread to end. */
  quit: To;
  /** Its threads wait for descriptors too: each has an eventfd (`workerData.wake`) that is signalled with a message. */
  wakes?: boolean;
  onMessage(thread: Thread<To>, message: From): void;
  /** It ended unasked: there will be no answers. */
  onLost(thread: Thread<To>, reason: string): void;
  /** The last thread is gone. */
  onEmpty?(): void;
}

/** One thread of a pool. */
export interface Thread<To> {
  /** How much was asked of it and is not done. */
  readonly load: number;
  /** A message that comes too late, to a thread that has ended, is dropped. */
  post(message: To, transfer?: ArrayBuffer[]): void;
  /** Counts as work until it is disposed of, once: a thread does not end meanwhile. */
  hold(): Disposable;
}

/**
 * Worker threads that are made when there is work and end when there was none for a while. Whoever wants something
 * done takes the freest, holds it, and posts to it.
 */
export class ThreadPool<To, From> {
  readonly #options: ThreadPoolOptions<To, From>;
  readonly #threads = new Set<PooledThread<To>>();
  #closed = false;

  constructor(options: ThreadPoolOptions<To, From>) {
    this.#options = options;
  }

  /**
   * The thread with the least to do; a new one while all are busy and there are fewer than may be. Throws SysError if
   * there are too few descriptors left for one.
   */
  pick(): Thread<To> {
    const [freest] = [...this.#threads].sort((a, b) => a.load - b.load);
    const full = this.#threads.size >= this.#options.most;
    return freest && (freest.load === 0 || full) ? freest : this.#start();
  }

  /** Ends the threads, each when it has done what was asked of it. */
  close(): void {
    this.#closed = true;
    for (const thread of [...this.#threads]) if (thread.load === 0) this.#quit(thread);
  }

  #start(): PooledThread<To> {
    const { program, descriptors, wakes, onMessage, onLost } = this.#options;
    // Race: a worker made when no descriptor is left ends the whole process.
    requireFreeDescriptors(descriptors);
    const wake = wakes ? openEventFd() : undefined;
    const worker = new Worker(programFile(program), { workerData: { wake } });
    const thread = new PooledThread<To>(worker, wake, {
      idleMs: IDLE_MS,
      idle: () => this.#quit(thread),
      isClosed: () => this.#closed,
    });
    const lost = (reason: string) => {
      if (this.#forget(thread)) onLost(thread, reason);
      thread.ended();
    };
    worker.unref();
    worker.on('message', (message: From) => onMessage(thread, message));
    worker.on('error', (error) => lost(messageOf(error)));
    worker.on('exit', (code) => {
      lost(`it ended with ${code}`);
      if (wake !== undefined) closeSync(wake);
    });
    this.#threads.add(thread);
    return thread;
  }

  #quit(thread: PooledThread<To>): void {
    if (this.#forget(thread)) thread.post(this.#options.quit);
  }

  #forget(thread: PooledThread<To>): boolean {
    const known = this.#threads.delete(thread);
    if (known && this.#threads.size === 0) this.#options.onEmpty?.();
    return known;
  }
}

class PooledThread<To> implements Thread<To> {
  readonly #worker: Worker;
  readonly #rest: { idleMs: number; idle: () => void; isClosed: () => boolean };
  #wake: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  load = 0;

  constructor(
    worker: Worker,
    wake: number | undefined,
    rest: { idleMs: number; idle: () => void; isClosed: () => boolean },
  ) {
    this.#worker = worker;
    this.#wake = wake;
    this.#rest = rest;
  }

  post(message: To, transfer: ArrayBuffer[] = []): void {
    if (this.#ended) return;
    this.#worker.postMessage(message, transfer);
    if (this.#wake !== undefined) signalEventFd(this.#wake);
  }

  hold(): Disposable {
    clearTimeout(this.#timer);
    this.load++;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.#letGo();
        held = false;
      },
    };
  }

  /** Race: who still posts must not signal a descriptor whose number is another file's by then. */
  ended(): void {
    this.#ended = true;
    this.#wake = undefined;
    clearTimeout(this.#timer);
  }

  #letGo(): void {
    if (--this.load > 0 || this.#ended) return;
    if (this.#rest.isClosed()) this.#rest.idle();
    else {
      this.#timer = setTimeout(this.#rest.idle, this.#rest.idleMs);
      this.#timer.unref();
    }
  }
}
