import { EngineError } from '../../base/mod.ts';

/** At most `count` at once; the others wait in order. */
export class Slots {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Takes a slot; `onWait` is called if there is none free. Dispose of the result to give it back. Rejects with
   * `cancelled` if the signal comes while it waits.
   */
  async take(onWait: () => void = () => {}, signal?: AbortSignal): Promise<Disposable> {
    if (signal?.aborted) throw new EngineError('cancelled', 'context canceled');
    if (this.#free > 0) this.#free -= 1;
    else {
      onWait();
      await this.#wait(signal);
    }
    return {
      [Symbol.dispose]: () => {
        const next = this.#queue.shift();
        if (next) next();
        else this.#free += 1;
      },
    };
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const turn = () => resolve();
    const leave = () => {
      const at = this.#queue.indexOf(turn);
      // Race: its turn may have come in the same breath.
      if (at < 0) return;
      this.#queue.splice(at, 1);
      reject(new EngineError('cancelled', 'context canceled'));
    };
    this.#queue.push(turn);
    signal?.addEventListener('abort', leave, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }
}
