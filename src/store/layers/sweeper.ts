import { type Logger, messageOf } from '../../base/mod.ts';
import { removeSmallTree, removeTreeAsync } from '../../sys/mod.ts';

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

  /** Ends with the directory that is under way; the rest waits for the next start. */
  async close(): Promise<void> {
    this.#queue = [];
    await this.#running;
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
