/** Tells the followers of one live container's log that it has grown, and when it is complete. */
export class Growth {
  #armed = false;
  #ended = false;
  readonly #arm: () => void;
  readonly #waiting = new Set<() => void>();

  /** `arm` asks the pump to say once when the log has grown. */
  constructor(arm: () => void) {
    this.#arm = arm;
  }

  /** All of it is written; nobody will write more. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Calls back once when the log has grown or is complete. Race: ask before reading to the end, else what comes in
   * between is not heard of. Gives a function that takes the wish back.
   */
  next(callback: () => void): () => void {
    if (this.#ended) {
      queueMicrotask(callback);
      return () => {};
    }
    this.#waiting.add(callback);
    if (!this.#armed) {
      this.#armed = true;
      this.#arm();
    }
    return () => this.#waiting.delete(callback);
  }

  grown(): void {
    this.#armed = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }

  end(): void {
    this.#ended = true;
    this.grown();
  }
}
