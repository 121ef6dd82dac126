import { EngineError, type ErrorCode } from '../../base/mod.ts';
import { type Thread, ThreadPool } from './thread-pool.ts';

/** What a program of threads does: by name, what it is told and what it answers. */
export type Calls = Record<string, { args: unknown; result: unknown }>;

export type CallRequest<C extends Calls> = {
  [K in keyof C & string]: { id: number; call: K; args: C[K]['args'] };
}[keyof C & string];

export type CallAnswer =
  | { id: number; result: unknown }
  | { id: number; error: { code: ErrorCode; message: string } };

export type ToCallThread<C extends Calls> = CallRequest<C> | { id: 0; call: 'quit' };

export interface CallPoolOptions {
  program: string;
  most: number;
  descriptors: number;
}

/** Threads that answer calls, each in turn; see `serveCalls`, which is what runs in them. */
export class CallPool<C extends Calls> {
  readonly #pool: ThreadPool<ToCallThread<C>, CallAnswer>;
  readonly #waiting = new Map<Thread<ToCallThread<C>>, Map<number, (answer: CallAnswer) => void>>();
  #lastId = 0;

  constructor(options: CallPoolOptions) {
    this.#pool = new ThreadPool<ToCallThread<C>, CallAnswer>({
      ...options,
      quit: { id: 0, call: 'quit' },
      onMessage: (thread, answer) => this.#take(thread, answer.id)?.(answer),
      onLost: (thread, reason) => this.#lost(thread, `thread lost: ${reason}`),
    });
  }

  /** A thread for several calls that belong together. */
  pick(): Thread<ToCallThread<C>> {
    return this.#pool.pick();
  }

  /**
   * Rejects with the EngineError of what went wrong in the thread (`internal` for others' errors); with SysError, before
   * anything was done, if there are too few descriptors left for a thread.
   */
  async call<K extends keyof C & string>(
    call: K,
    args: C[K]['args'],
    options: { thread?: Thread<ToCallThread<C>>; transfer?: ArrayBuffer[] } = {},
  ): Promise<C[K]['result']> {
    const thread = options.thread ?? this.#pool.pick();
    using _held = thread.hold();
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<CallAnswer>();
    const waiting = this.#waiting.get(thread) ?? new Map();
    this.#waiting.set(thread, waiting.set(id, resolve));
    thread.post({ id, call, args } as CallRequest<C>, options.transfer);
    const answer = await promise;
    if ('error' in answer) throw new EngineError(answer.error.code, answer.error.message);
    return answer.result as C[K]['result'];
  }

  /** Ends the threads when they have done what was asked of them. */
  close(): void {
    this.#pool.close();
  }

  #take(thread: Thread<ToCallThread<C>>, id: number): ((answer: CallAnswer) => void) | undefined {
    const waiting = this.#waiting.get(thread);
    const resolve = waiting?.get(id);
    waiting?.delete(id);
    if (waiting?.size === 0) this.#waiting.delete(thread);
    return resolve;
  }

  #lost(thread: Thread<ToCallThread<C>>, message: string): void {
    for (const id of [...(this.#waiting.get(thread)?.keys() ?? [])]) {
      this.#take(thread, id)?.({ id, error: { code: 'internal', message } });
    }
  }
}
