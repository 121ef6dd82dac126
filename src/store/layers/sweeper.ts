import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, messageOf } from '../../base/mod.ts';
import { removeSmallTree, removeTreeAsync } from '../../sys/mod.ts';

const CLOSE_WAIT_MS = 1_000;

/**
 * Removes directories that are garbage already, on another thread, one after the other: nobody waits for the
 * hundred thousand files of an image. Crash: what is left stands in the staging area and goes at the next start.
 */
export class Sweeper {
  readonly #log: Logger;
  #queue: string[] = [];
  #running: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Small trees are gone when this returns. */
  sweep(path: string): void {
    if (removeSmallTree(path)) return;
    this.#queue.push(path);
    this.#running ??= this.#run();
  }

  /**
   * Gives the directory that is under way a second; what is left then ends with the process, or waits for the next
   * start. Why bounded: a million files must not hold up a daemon that is told to stop.
   */
  async close(): Promise<void> {
    this.#queue = [];
    if (!this.#running) return;
    const over = new AbortController();
    await Promise.race([
      this.#running,
      sleep(CLOSE_WAIT_MS, undefined, { signal: over.signal }).catch(() => {}),
    ]);
    over.abort();
  }

  async #run(): Promise<void> {
    for (let path = this.#queue.shift(); path !== undefined; path = this.#queue.shift()) {
      try {
        await removeTreeAsync(path);
      } catch (error) {
        this.#log.warn('a removed layer leaves files until the next start', {
          path,
          error: messageOf(error),
        });
      }
    }
    this.#running = undefined;
  }
}
