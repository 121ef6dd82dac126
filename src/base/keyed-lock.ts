/** One FIFO mutex for each key; keys that nobody holds or waits for cost nothing. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  /** Waits for the key's turn. Dispose of the result (`using`) to let the next one in. */
  async acquire(key: string): Promise<Disposable> {
    const before = this.#tails.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tails.set(key, promise);
    if (before) await before;
    return {
      [Symbol.dispose]: () => {
        if (this.#tails.get(key) === promise) this.#tails.delete(key);
        resolve();
      },
    };
  }

  /** Runs `work` while holding `key`. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    using _held = await this.acquire(key);
    return await work();
  }
}
