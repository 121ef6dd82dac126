import { errnoOf, messageOf } from '../../base/mod.ts';
import { clearEventFd, EPOLLET, EPOLLIN, Epoll } from '../../sys/mod.ts';
import { replaceByCompressed } from '../files/generations.ts';
import type { FromPump, ToPump } from './protocol.ts';
import { type PumpStream, Source } from './source.ts';
import { Workbench } from './workbench.ts';

const WAKE_KEY = 1;

interface Watched {
  stream: PumpStream;
  source: Source;
}

/**
 * The loop of the pump's thread: blocks in `epoll_wait`, takes a batch of each descriptor that has something, in the
 * order in which they spoke up, one after the other so that a flood holds nobody up.
 */
export class Pump implements Disposable {
  readonly #epoll = new Epoll();
  readonly #bench: Workbench;
  readonly #receive: () => ToPump | undefined;
  readonly #wake: number;
  readonly #sources = new Map<number, { source: Source; keys: number[] }>();
  readonly #watched = new Map<number, Watched>();
  #queue: Watched[] = [];
  #nextKey = WAKE_KEY + 1;
  #closing = false;

  /** `wake` is an eventfd that is signalled after each message. */
  constructor(post: (message: FromPump) => void, receive: () => ToPump | undefined, wake: number) {
    this.#bench = new Workbench(post);
    this.#receive = receive;
    this.#wake = wake;
    this.#epoll.add(wake, WAKE_KEY, EPOLLIN);
  }

  /** Runs until it is told to close; `turn` gives the thread's event loop a chance after messages came. */
  async run(turn: () => Promise<void>): Promise<void> {
    while (!this.#closing) {
      let woken = false;
      this.#epoll.wait(this.#queue.length > 0 ? 0 : -1, (key) => {
        if (key === WAKE_KEY) woken = true;
        else this.#enqueue(this.#watched.get(key));
      });
      if (woken) {
        // Race: cleared before the messages are read, so that one sent meanwhile wakes again.
        clearEventFd(this.#wake);
        for (let message = this.#receive(); message; message = this.#receive()) this.#obey(message);
        await turn();
      }
      this.#round();
    }
  }

  #enqueue(entry: Watched | undefined): void {
    if (!entry || entry.stream.queued) return;
    entry.stream.queued = true;
    this.#queue.push(entry);
  }

  #round(): void {
    const round = this.#queue;
    this.#queue = [];
    for (const entry of round) {
      const { stream, source } = entry;
      stream.queued = false;
      if (!this.#sources.has(source.spec.key)) continue;
      // It comes back when its clients or its receiver have taken something.
      if (!source.open) continue;
      try {
        if (stream.step()) this.#enqueue(entry);
      } catch (error) {
        this.#bench.trouble('output cannot be read', { container: source.spec.id, error: messageOf(error) });
      }
    }
  }

  #obey(message: ToPump): void {
    switch (message.type) {
      case 'register':
        this.#answer(message.call, () =>
          this.#register(new Source(this.#bench, message.source, message.epoch)),
        );
        break;
      case 'drain':
        this.#answer(message.call, () => this.#end(message.key, true));
        break;
      case 'unregister':
        this.#answer(message.call, () => this.#end(message.key, false));
        break;
      case 'close':
        this.#closing = true;
        break;
      case 'follow':
        this.#sources.get(message.key)?.source.handover.follow();
        break;
      case 'shipped':
        this.#sources.get(message.key)?.source.shipped(message.bytes);
        this.#resume(message.key);
        break;
      case 'compressed':
        this.#place(message);
        break;
      case 'watch':
        this.#sources.get(message.key)?.source.handover.watch(message.epoch);
        this.#resume(message.key);
        break;
      case 'ack':
        this.#sources.get(message.key)?.source.handover.ack(message.epoch, message.bytes);
        this.#resume(message.key);
        break;
    }
  }

  #place({ path, identity, copy }: Extract<ToPump, { type: 'compressed' }>): void {
    try {
      replaceByCompressed(path, identity, copy);
    } catch (error) {
      this.#bench.trouble('rotated log cannot be compressed', { path, error: messageOf(error) });
    }
    this.#bench.post({ type: 'placed' });
  }

  /** Its clients have taken something: look at all its streams again. */
  #resume(sourceKey: number): void {
    for (const key of this.#sources.get(sourceKey)?.keys ?? []) this.#enqueue(this.#watched.get(key));
  }

  #answer(call: number, work: () => void): void {
    try {
      work();
      this.#bench.post({ type: 'answer', call });
    } catch (error) {
      const code = errnoOf(error);
      this.#bench.post({
        type: 'answer',
        call,
        error: code === undefined ? { message: messageOf(error) } : { message: messageOf(error), code },
      });
    }
  }

  #register(source: Source): void {
    const keys: number[] = [];
    this.#sources.set(source.spec.key, { source, keys });
    for (const stream of source.streams) {
      const key = this.#nextKey++;
      keys.push(key);
      this.#watched.set(key, { stream, source });
      this.#epoll.add(stream.fd, key, EPOLLIN | EPOLLET);
    }
  }

  /** Lets a container go, with `drain` after all it has said. */
  #end(key: number, drain: boolean): void {
    const entry = this.#sources.get(key);
    if (!entry) return;
    try {
      for (const stream of entry.source.streams) drain ? stream.drain() : stream.flush?.();
    } finally {
      this.#forget(entry.source, entry.keys);
    }
  }

  #forget(source: Source, keys: number[]): void {
    this.#sources.delete(source.spec.key);
    for (const key of keys) {
      const watched = this.#watched.get(key);
      this.#watched.delete(key);
      if (watched) this.#epoll.remove(watched.stream.fd);
    }
    source[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const key of [...this.#sources.keys()]) {
      try {
        this.#end(key, false);
      } catch (error) {
        this.#bench.trouble('last line cannot be written', { error: messageOf(error) });
      }
    }
    this.#epoll[Symbol.dispose]();
    this.#bench[Symbol.dispose]();
  }
}
