import type { WaitCondition, WaitResult } from '../containers.ts';

interface Waiter {
  condition: WaitCondition;
  resolve: (result: WaitResult) => void;
}

const CANCELLED: WaitResult = { statusCode: -1, error: 'context canceled' };

/** Those who wait for a container's exit or removal. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /** Resolves at the next moment that `condition` names; a wait that is aborted is forgotten, and resolves with an error. */
  add(condition: WaitCondition, signal: AbortSignal): Promise<WaitResult> {
    if (signal.aborted) return Promise.resolve(CANCELLED);
    const { promise, resolve } = Promise.withResolvers<WaitResult>();
    const waiter: Waiter = { condition, resolve };
    this.#waiting.add(waiter);
    const onAbort = () => {
      this.#waiting.delete(waiter);
      resolve(CANCELLED);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    void promise.then(() => signal.removeEventListener('abort', onAbort));
    return promise;
  }

  /** The container's process ended. */
  exited(result: WaitResult): void {
    this.#settle((condition) => condition !== 'removed', result);
  }

  /** The container is gone, or its removal failed (then with `error`). */
  removed(result: WaitResult): void {
    this.#settle(() => true, result);
  }

  #settle(matches: (condition: WaitCondition) => boolean, result: WaitResult): void {
    for (const waiter of [...this.#waiting]) {
      if (!matches(waiter.condition)) continue;
      this.#waiting.delete(waiter);
      waiter.resolve(result);
    }
  }
}
