import type { ContainerStats } from '../../../spec/docker/mod.ts';

/** Compat: Docker takes one each second. */
const INTERVAL_MS = 1000;

/** What is sampled for at least one client. */
interface Feed {
  take: () => ContainerStats | undefined;
  last: ContainerStats;
  readonly listeners: Set<Listener>;
}

/**
 * Samples containers while somebody wants to know: each once a second, however many clients it has, one after the
 * other, with a turn of the event loop between two: of 500 containers the main thread never does more than one at a
 * time. A client that reads slowly misses samples; nothing is kept for it but the newest.
 */
export class StatsCollector {
  readonly #feeds = new Map<string, Feed>();
  readonly #intervalMs: number;
  #running = false;

  constructor(intervalMs = INTERVAL_MS) {
    this.#intervalMs = intervalMs;
  }

  /**
   * Samples of `key`, the first at once. `take` gives one, or undefined where there will be no more. Ends at an abort
   * of `signal`.
   */
  async *subscribe(
    key: string,
    take: () => ContainerStats | undefined,
    { signal }: { signal: AbortSignal },
  ): AsyncGenerator<ContainerStats> {
    const feed = this.#feedOf(key, take);
    if (!feed) return;
    const listener = new Listener(feed.last);
    feed.listeners.add(listener);
    const abort = () => listener.end();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      for (let next = await listener.next(); next; next = await listener.next()) yield next;
    } finally {
      signal.removeEventListener('abort', abort);
      feed.listeners.delete(listener);
      if (feed.listeners.size === 0 && this.#feeds.get(key) === feed) this.#feeds.delete(key);
    }
  }

  #feedOf(key: string, take: Feed['take']): Feed | undefined {
    const there = this.#feeds.get(key);
    if (there) return there;
    const last = take();
    if (!last) return undefined;
    const feed: Feed = { take, last, listeners: new Set() };
    this.#feeds.set(key, feed);
    if (!this.#running) void this.#run();
    return feed;
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let due = performance.now() + this.#intervalMs; this.#feeds.size > 0; due += this.#intervalMs) {
      // A round that took longer than a second is not made up for.
      due = Math.max(due, performance.now());
      await new Promise((resolve) => setTimeout(resolve, due - performance.now()).unref());
      for (const [key, feed] of [...this.#feeds]) {
        if (this.#feeds.get(key) !== feed) continue;
        this.#sample(key, feed);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    this.#running = false;
  }

  #sample(key: string, feed: Feed): void {
    const next = feed.take();
    if (next) feed.last = next;
    else this.#feeds.delete(key);
    for (const listener of feed.listeners) {
      if (next) listener.push(next);
      else listener.end();
    }
  }
}

/** One client's place: the newest sample that it has not seen. */
class Listener {
  #newest: ContainerStats | undefined;
  #ended = false;
  #wake: () => void = () => {};

  constructor(first: ContainerStats) {
    this.#newest = first;
  }

  push(sample: ContainerStats): void {
    this.#newest = sample;
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async next(): Promise<ContainerStats | undefined> {
    while (!this.#newest && !this.#ended) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    const sample = this.#ended ? undefined : this.#newest;
    this.#newest = undefined;
    return sample;
  }
}
