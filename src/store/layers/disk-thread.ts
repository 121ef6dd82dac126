import { Worker } from 'node:worker_threads';
import { EngineError, ERROR_CODES, messageOf } from '../../base/mod.ts';
import { requireFreeDescriptors } from '../../sys/mod.ts';
import type { DiskAnswer, DiskCall, DiskCalls, DiskRequest } from './disk-protocol.ts';

const IDLE_MS = 10_000;

/** One thread for calls that can hang on the disk, in turn; made when first needed, ended when idle. */
export class DiskThread {
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, (answer: DiskAnswer) => void>();

  async call<K extends DiskCall>(call: K, args: DiskCalls[K]['args']): Promise<DiskCalls[K]['result']> {
    const worker = this.#start();
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<DiskAnswer>();
    this.#waiting.set(id, resolve);
    worker.postMessage({ id, call, args } as DiskRequest);
    const answer = await promise;
    if (this.#waiting.size === 0) this.#rest();
    if ('error' in answer) {
      throw new EngineError(ERROR_CODES.find((code) => code === answer.code) ?? 'internal', answer.error);
    }
    return answer.result as DiskCalls[K]['result'];
  }

  /** Ends the thread when it has done what was asked of it. */
  close(): void {
    clearTimeout(this.#idle);
    this.#worker?.postMessage({ id: 0, call: 'quit' } satisfies DiskRequest);
    this.#worker = undefined;
  }

  #start(): Worker {
    clearTimeout(this.#idle);
    if (this.#worker) return this.#worker;
    requireFreeDescriptors(32);
    const worker = new Worker(new URL('./disk-worker.ts', import.meta.url));
    worker.on('message', (answer: DiskAnswer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    const lost = (reason: string) => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      for (const [id, resolve] of this.#waiting) resolve({ id, error: `disk thread lost: ${reason}` });
      this.#waiting.clear();
    };
    worker.on('error', (error) => lost(messageOf(error)));
    worker.on('exit', (code) => lost(`it ended with ${code}`));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #rest(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.close(), IDLE_MS);
    this.#idle.unref();
  }
}
