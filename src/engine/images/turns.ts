import { Slots } from './slots.ts';

/** One piece of work at a time for each key; keys that nobody holds or waits for cost nothing. */
export class Turns {
  readonly #slots = new Map<string, { slots: Slots; users: number }>();

  /**
   * Takes the turn of `key`; `onWait` is called if somebody else has it. Dispose of the result to give it back. Rejects
   * with `cancelled` if the signal comes while it waits.
   */
  async take(key: string, onWait: () => void, signal: AbortSignal): Promise<Disposable> {
    const entry = this.#slots.get(key) ?? { slots: new Slots(1), users: 0 };
    this.#slots.set(key, entry);
    entry.users++;
    const leave = () => {
      if (--entry.users === 0) this.#slots.delete(key);
    };
    try {
      const slot = await entry.slots.take(onWait, signal);
      return {
        [Symbol.dispose]: () => {
          slot[Symbol.dispose]();
          leave();
        },
      };
    } catch (error) {
      leave();
      throw error;
    }
  }
}
