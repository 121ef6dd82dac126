import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Logger } from '../../base/mod.ts';
import { openEventFd, programFile, signalEventFd } from '../../sys/mod.ts';

/** An nflog group that daemons with other tables do not have, but by chance. */
export function judgeGroup(table: string): number {
  let hash = 0;
  for (const byte of Buffer.from(table)) hash = (hash * 31 + byte) % 30_000;
  return 20_000 + hash;
}

/**
 * `"published-ports": "respect-firewall"`: while this runs, what the host's INPUT chains accept at a published port goes
 * on to the container. Without it (no daemon) connections that are there go on, and new ones wait for it.
 */
export class Judge {
  readonly #group: number;
  readonly #log: Logger;
  #running: { worker: Worker; wake: number } | undefined;

  constructor(group: number, log: Logger) {
    this.#group = group;
    this.#log = log;
  }

  /** Idempotent. */
  start(): void {
    if (this.#running) return;
    const wake = openEventFd();
    const worker = new Worker(programFile('net/firewall/judge-worker.ts'), {
      workerData: { group: this.#group, wake },
    });
    const running = { worker, wake };
    this.#running = running;
    worker.unref();
    worker.on('error', (error) => {
      this.#log.error('published ports are not reached from outside', { error });
    });
    worker.on('exit', () => {
      closeSync(wake);
      if (this.#running === running) this.#running = undefined;
    });
  }

  stop(): void {
    const running = this.#running;
    this.#running = undefined;
    if (running) signalEventFd(running.wake);
  }
}
