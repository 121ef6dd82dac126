/** Things that are due the same time after each was begun: first begun, first due. Costs nothing while there are none. */
export class Deadlines {
  readonly #delay: number;
  readonly #due = new Map<number, { at: number; fire: () => void }>();
  #last = 0;

  /** `delay` in milliseconds. */
  constructor(delay: number) {
    this.#delay = delay;
  }

  /** Calls `fire` when the time has passed, unless it was taken back by the number that this gives. */
  begin(fire: () => void, now = performance.now()): number {
    this.#due.set(++this.#last, { at: now + this.#delay, fire });
    return this.#last;
  }

  cancel(number: number): void {
    this.#due.delete(number);
  }

  /** Milliseconds until the next one is due; undefined if there is none. */
  next(now = performance.now()): number | undefined {
    for (const { at } of this.#due.values()) return Math.max(0, at - now);
    return undefined;
  }

  /** Fires what is due. */
  run(now = performance.now()): void {
    for (const [number, { at, fire }] of this.#due) {
      if (at > now) return;
      this.#due.delete(number);
      fire();
    }
  }
}
