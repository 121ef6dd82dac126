import { Worker } from 'node:worker_threads';
import { EngineError, ERROR_CODES, messageOf } from '../../base/mod.ts';
import { programFile, requireFreeDescriptors } from '../../sys/mod.ts';
import type { DiskAnswer, DiskCall, DiskCalls, DiskRequest } from './disk-protocol.ts';

const IDLE_MS = 10_000;

interface Running {
  worker: Worker;
  waiting: Map<number, (answer: DiskAnswer) => void>;
}

/** One thread for calls that can hang on the disk, in turn; made when first needed, ended when idle. */
export class DiskThread {
  #running: Running | undefined;
  #idle: NodeJS.Timeout | undefined;
  #lastId = 0;

  /** Rejects with SysError, before anything was done, if there are too few descriptors left for a thread. */
  async call<K extends DiskCall>(call: K, args: DiskCalls[K]['args']): Promise<DiskCalls[K]['result']> {
    clearTimeout(this.#idle);
    this.#running ??= this.#start();
    const { worker, waiting } = this.#running;
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<DiskAnswer>();
    waiting.set(id, resolve);
    worker.postMessage({ id, call, args } as DiskRequest);
    const answer = await promise;
    if (waiting.size === 0) this.#rest();
    if ('error' in answer) {
      throw new EngineError(ERROR_CODES.find((code) => code === answer.code) ?? 'internal', answer.error);
    }
    return answer.result as DiskCalls[K]['result'];
  }

  /** Ends the thread when it has done what was asked of it. */
  close(): void {
    clearTimeout(this.#idle);
    this.#running?.worker.postMessage({ id: 0, call: 'quit' } satisfies DiskRequest);
    this.#running = undefined;
  }

  #start(): Running {
    // Race: a worker made when no descriptor is left ends the whole process.
    requireFreeDescriptors(32);
    const worker = new Worker(programFile('store/layers/disk-worker.ts'));
    const running: Running = { worker, waiting: new Map() };
    worker.on('message', (answer: DiskAnswer) => {
      running.waiting.get(answer.id)?.(answer);
      running.waiting.delete(answer.id);
    });
    const lost = (reason: string) => {
      if (this.#running === running) this.#running = undefined;
      for (const [id, resolve] of running.waiting) resolve({ id, error: `disk thread lost: ${reason}` });
      running.waiting.clear();
    };
    worker.on('error', (error) => lost(messageOf(error)));
    worker.on('exit', (code) => lost(`it ended with ${code}`));
    worker.unref();
    return running;
  }

  #rest(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#running?.waiting.size === 0) this.close();
    }, IDLE_MS);
    this.#idle.unref();
  }
}
