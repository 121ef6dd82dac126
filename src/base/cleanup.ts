/**
 * A stack of undo steps for an operation of several steps: defer one after each step that succeeded, `keep()`
 * at the end. Use with `await using`: what was not kept is undone in reverse order, all of it, whatever fails.
 */
export class Cleanup implements AsyncDisposable {
  #undos: { what: string; undo: () => unknown }[] = [];
  readonly #report: (what: string, error: unknown) => void;

  /** `report` hears of each undo step that failed; the others still run. */
  constructor(report: (what: string, error: unknown) => void = () => {}) {
    this.#report = report;
  }

  /** Registers `undo`, named by `what` for the report. */
  defer(what: string, undo: () => unknown): void {
    this.#undos.push({ what, undo });
  }

  /** The operation succeeded: nothing is undone. */
  keep(): void {
    this.#undos = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let step = this.#undos.pop(); step; step = this.#undos.pop()) {
      try {
        await step.undo();
      } catch (error) {
        this.#report(step.what, error);
      }
    }
  }
}
