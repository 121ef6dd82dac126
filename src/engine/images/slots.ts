/** At most `count` at once; the others wait in order. */
export class Slots {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a slot; `onWait` is called if there is none free. Dispose of the result to give it back. */
  async take(onWait: () => void = () => {}): Promise<Disposable> {
    if (this.#free > 0) this.#free -= 1;
    else {
      onWait();
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    return {
      [Symbol.dispose]: () => {
        const next = this.#queue.shift();
        if (next) next();
        else this.#free += 1;
      },
    };
  }
}
