import type { Container } from '../container.ts';
import { isRunning } from './status.ts';

/** How long the kernel may take to end a process after SIGKILL before we say so, in milliseconds. */
export const KILL_WAIT_MS = 10_000;

/** Waits for the container's next exit, however often it is asked. */
export function waitForExit(
  container: Container,
): Disposable & { within(ms: number | undefined): Promise<boolean> } {
  const abort = new AbortController();
  const exit = container.waiters.add('not-running', abort.signal).then(() => true);
  return {
    async within(ms) {
      if (!isRunning(container.status)) return true;
      if (ms === undefined) return await exit;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(false), ms);
      try {
        return await Promise.race([exit, promise]);
      } finally {
        clearTimeout(timer);
      }
    },
    [Symbol.dispose]: () => abort.abort(),
  };
}
