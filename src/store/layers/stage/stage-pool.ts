import { availableParallelism } from 'node:os';
import { EngineError, type Logger } from '../../../base/mod.ts';
import { type Thread, ThreadPool } from '../../../sys/mod.ts';
import type { SocketBack } from '../layer-store.ts';
import { type ByteSource, feed } from './feed.ts';
import type { JobRequest, JobResult } from './layer-job.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

/** A worker opens a few dozen directories and files for each of its jobs. */
const DESCRIPTORS = 128;

/** Who waits for a job's messages. */
export interface JobClient {
  taken(buffer: ArrayBuffer, length: number): void;
  replayed(length: number): void;
  read(length: number): void;
  drained(got: number, stalled: boolean, back: SocketBack | undefined): void;
  settled(outcome: JobResult | EngineError): void;
}

/** As many stage workers as there are cores, each with several layers in turn. */
export class StagePool {
  readonly #threads: ThreadPool<ToWorker, FromWorker>;
  readonly #jobs = new Map<number, { client: JobClient; thread: Thread<ToWorker> }>();
  readonly #spare: ArrayBuffer[] = [];
  #lastJob = 0;

  constructor(log: Logger) {
    this.#threads = new ThreadPool<ToWorker, FromWorker>({
      program: 'store/layers/stage/stage-worker.ts',
      most: availableParallelism(),
      descriptors: DESCRIPTORS,
      quit: { kind: 'quit' },
      wakes: true,
      onEmpty: () => {
        this.#spare.length = 0;
      },
      onMessage: (_thread, message) => this.#onMessage(message),
      onLost: (lost, reason) => {
        const clients = [...this.#jobs.values()].filter(({ thread }) => thread === lost);
        if (clients.length > 0) log.error('layer worker lost', { reason });
        for (const { client } of clients)
          client.settled(new EngineError('internal', `worker lost: ${reason}`));
      },
    });
  }

  /** Runs one layer through a worker. Rejects with the worker's EngineError, or with what `source` threw. */
  async run(request: JobRequest, source: ByteSource): Promise<JobResult> {
    const thread = this.#threads.pick();
    using _held = thread.hold();
    const job = ++this.#lastJob;
    const send = (message: ToWorker, transfer?: ArrayBuffer[]) => thread.post(message, transfer);
    try {
      const register = (client: JobClient) => this.#jobs.set(job, { client, thread });
      return await feed({ job, request, source, send, register, spare: this.#spare });
    } finally {
      this.#jobs.delete(job);
    }
  }

  /** Ends the workers when they have done what was asked of them. */
  close(): void {
    this.#threads.close();
  }

  #onMessage(message: FromWorker): void {
    const client = this.#jobs.get(message.job)?.client;
    if (message.kind === 'taken') client?.taken(message.buffer, message.length);
    else if (message.kind === 'replayed') client?.replayed(message.length);
    else if (message.kind === 'read') client?.read(message.length);
    else if (message.kind === 'drained') client?.drained(message.got, message.stalled, message.back);
    else if (message.kind === 'done') client?.settled(message.result);
    else if (message.kind === 'failed') client?.settled(new EngineError(message.code, message.message));
    else client?.settled(new EngineError('cancelled', 'context canceled'));
  }
}
