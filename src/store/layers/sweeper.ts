import { type Logger, messageOf } from '../../base/mod.ts';
import { removeSmallTree } from '../../sys/mod.ts';
import { DiskThread } from './disk-thread.ts';

/**
 * Removes directories that are garbage already, on a thread of its own, one after the other: nobody waits for the
 * hundred thousand files of an image. Crash: what is left stands in the staging area and goes at the next start.
 */
export class Sweeper {
  readonly #thread = new DiskThread();
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
    this.#thread.close();
  }

  async #run(): Promise<void> {
    for (let path = this.#queue.shift(); path !== undefined; path = this.#queue.shift()) {
      try {
        await this.#thread.call('remove', { path });
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
