import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { EngineError, messageOf } from '../../../base/mod.ts';
import { programFile, requireFreeDescriptors } from '../../../sys/mod.ts';
import type { ExportCall, ExportCalls, FromExporter, ToExporter } from './protocol.ts';

const IDLE_MS = 10_000;
/** A thread has a tar-split, a file and two directories open for each tar. */
const DESCRIPTORS = 64;

/** One of the pool's threads. */
export interface Exporter {
  worker: Worker;
  waiting: Map<number, (answer: FromExporter) => void>;
  idle: NodeJS.Timeout | undefined;
  /** Tars open in it: it must not end. */
  tars: number;
}

/** As many export threads as there are cores; made when there is work, ended when there was none for ten seconds. */
export class ExportPool {
  readonly #threads = new Set<Exporter>();
  #lastId = 0;

  /** The thread with the least to do; a new one while there are fewer than cores and all are busy. */
  pick(): Exporter {
    const busy = ({ waiting, tars }: Exporter) => waiting.size * 2 + tars;
    const [freest] = [...this.#threads].sort((a, b) => busy(a) - busy(b));
    const full = this.#threads.size >= availableParallelism();
    return freest && (busy(freest) === 0 || full) ? freest : this.#start();
  }

  /** Lets `thread` do something. Rejects with the EngineError of whatever went wrong there. */
  async call<K extends ExportCall>(
    thread: Exporter,
    call: K,
    args: ExportCalls[K]['args'],
    transfer: ArrayBuffer[] = [],
  ): Promise<ExportCalls[K]['result']> {
    clearTimeout(thread.idle);
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<FromExporter>();
    if (!this.#threads.has(thread)) throw new EngineError('internal', 'export thread lost');
    thread.waiting.set(id, resolve);
    thread.worker.postMessage({ id, call, args } as ToExporter, transfer);
    const answer = await promise;
    if (thread.waiting.size === 0 && thread.tars === 0) this.#rest(thread);
    if ('error' in answer) throw new EngineError(answer.error.code, answer.error.message);
    return answer.result as ExportCalls[K]['result'];
  }

  /** Ends the threads; what is under way fails. */
  close(): void {
    for (const thread of this.#threads) this.#quit(thread);
  }

  #start(): Exporter {
    // Race: a worker made when no descriptor is left ends the whole process.
    requireFreeDescriptors(DESCRIPTORS);
    const worker = new Worker(programFile('store/layers/export/export-worker.ts'));
    const thread: Exporter = { worker, waiting: new Map(), idle: undefined, tars: 0 };
    worker.unref();
    worker.on('message', (answer: FromExporter) => {
      const resolve = thread.waiting.get(answer.id);
      thread.waiting.delete(answer.id);
      resolve?.(answer);
    });
    worker.on('error', (error) => this.#lost(thread, messageOf(error)));
    worker.on('exit', (code) => this.#lost(thread, `it ended with ${code}`));
    this.#threads.add(thread);
    return thread;
  }

  #lost(thread: Exporter, reason: string): void {
    this.#threads.delete(thread);
    clearTimeout(thread.idle);
    const error = { code: 'internal', message: `export thread lost: ${reason}` } as const;
    for (const [id, resolve] of thread.waiting) resolve({ id, error });
    thread.waiting.clear();
  }

  #rest(thread: Exporter): void {
    clearTimeout(thread.idle);
    thread.idle = setTimeout(() => {
      if (thread.waiting.size === 0 && thread.tars === 0) this.#quit(thread);
    }, IDLE_MS);
    thread.idle.unref();
  }

  #quit(thread: Exporter): void {
    thread.worker.postMessage({ id: 0, call: 'quit' } satisfies ToExporter);
    this.#lost(thread, 'it was closed');
  }
}
