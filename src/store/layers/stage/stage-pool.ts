import { closeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { EngineError, type Logger, messageOf } from '../../../base/mod.ts';
import { openEventFd, programFile, requireFreeDescriptors, signalEventFd } from '../../../sys/mod.ts';
import { type ByteSource, feed } from './feed.ts';
import type { JobRequest, JobResult } from './layer-job.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

const IDLE_MS = 10_000;
/** A worker opens a few dozen directories and files for each of its jobs. */
const DESCRIPTORS = 128;

/** Who waits for a job's messages. */
export interface JobClient {
  taken(buffer: ArrayBuffer, length: number): void;
  replayed(length: number): void;
  read(length: number): void;
  drained(got: number, stalled: boolean): void;
  settled(outcome: JobResult | EngineError): void;
}

interface Thread {
  worker: Worker;
  /** An eventfd that ends its wait for sockets; undefined once the worker has ended. */
  wake: number | undefined;
  jobs: Map<number, JobClient>;
  idle: NodeJS.Timeout | undefined;
}

/** As many stage workers as there are cores; made when there is work, ended when there was none for ten seconds. */
export class StagePool {
  readonly #log: Logger;
  readonly #threads = new Set<Thread>();
  readonly #spare: ArrayBuffer[] = [];
  #lastJob = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Runs one layer through a worker. Rejects with the worker's EngineError, or with what `source` threw. */
  async run(request: JobRequest, source: ByteSource): Promise<JobResult> {
    const thread = this.#pick();
    const job = ++this.#lastJob;
    const send = (message: ToWorker, transfer?: ArrayBuffer[]) => tell(thread, message, transfer);
    try {
      const register = (client: JobClient) => thread.jobs.set(job, client);
      return await feed({ job, request, source, send, register, spare: this.#spare });
    } finally {
      thread.jobs.delete(job);
      if (thread.jobs.size === 0) this.#rest(thread);
    }
  }

  /** Ends idle workers; busy ones end with their jobs. */
  close(): void {
    for (const thread of this.#threads) if (thread.jobs.size === 0) this.#quit(thread);
  }

  #pick(): Thread {
    const threads = [...this.#threads].sort((a, b) => a.jobs.size - b.jobs.size);
    const freest = threads[0];
    const thread =
      freest && (freest.jobs.size === 0 || threads.length >= availableParallelism()) ? freest : this.#start();
    clearTimeout(thread.idle);
    return thread;
  }

  #start(): Thread {
    // Race: a worker made when no descriptor is left ends the whole process.
    requireFreeDescriptors(DESCRIPTORS);
    const wake = openEventFd();
    const worker = new Worker(programFile('store/layers/stage/stage-worker.ts'), { workerData: { wake } });
    const thread: Thread = { worker, wake, jobs: new Map(), idle: undefined };
    worker.unref();
    worker.on('message', (message: FromWorker) => this.#onMessage(thread, message));
    worker.on('error', (error) => this.#lost(thread, messageOf(error)));
    worker.on('exit', (code) => {
      this.#lost(thread, `worker ended with ${code}`);
      // Race: a job may still send; by then the number may be another file's.
      thread.wake = undefined;
      closeSync(wake);
    });
    this.#threads.add(thread);
    return thread;
  }

  #onMessage(thread: Thread, message: FromWorker): void {
    const client = thread.jobs.get(message.job);
    if (message.kind === 'taken') client?.taken(message.buffer, message.length);
    else if (message.kind === 'replayed') client?.replayed(message.length);
    else if (message.kind === 'read') client?.read(message.length);
    else if (message.kind === 'drained') client?.drained(message.got, message.stalled);
    else if (message.kind === 'done') client?.settled(message.result);
    else if (message.kind === 'failed') client?.settled(new EngineError(message.code, message.message));
    else client?.settled(new EngineError('cancelled', 'context canceled'));
  }

  #lost(thread: Thread, reason: string): void {
    if (!this.#threads.delete(thread)) return;
    clearTimeout(thread.idle);
    if (thread.jobs.size > 0) this.#log.error('layer worker lost', { reason });
    for (const client of thread.jobs.values()) client.settled(new EngineError('internal', reason));
  }

  #rest(thread: Thread): void {
    clearTimeout(thread.idle);
    thread.idle = setTimeout(() => this.#quit(thread), IDLE_MS);
    thread.idle.unref();
  }

  #quit(thread: Thread): void {
    clearTimeout(thread.idle);
    this.#threads.delete(thread);
    if (this.#threads.size === 0) this.#spare.length = 0;
    tell(thread, { kind: 'quit' });
  }
}

function tell({ worker, wake }: Thread, message: ToWorker, transfer: ArrayBuffer[] = []): void {
  if (wake === undefined) return;
  worker.postMessage(message, transfer);
  signalEventFd(wake);
}
