import { EngineError } from '../base/mod.ts';
import { LogThread } from './log-thread.ts';
import type { FromBackground, ToBackground } from './ship/protocol.ts';

type Call = Extract<ToBackground, { call: number }>;
type WithoutCall<T> = T extends unknown ? Omit<T, 'call'> : never;

/** The main thread's side of the thread that sends records and compresses files. */
export class BackgroundThread {
  readonly #thread: LogThread<ToBackground>;

  /** `onLost` is called if the thread ends without having been told to. */
  constructor(onMessage: (message: FromBackground) => void, onLost: (reason: string) => void) {
    const program = {
      file: 'logs/ship/worker.ts',
      name: 'minke-logs-background',
      words: 'the thread that sends output',
    };
    this.#thread = new LogThread(program, (lost) => {
      if (lost !== undefined) onLost(lost);
    });
    this.#thread.port.on('message', (message: FromBackground) => {
      if (message.type !== 'answer') return onMessage(message);
      const { call, error } = message;
      this.#thread.settle(call, error === undefined ? undefined : new EngineError('internal', error));
    });
    this.#thread.port.unref();
  }

  /** Sends what needs no answer. */
  send(message: Exclude<ToBackground, Call>): void {
    this.#thread.post(message);
  }

  /** Sends and waits for the answer. */
  call(message: WithoutCall<Call>): Promise<void> {
    return this.#thread.call(message, (numbered) => this.#thread.post(numbered));
  }

  /** Ends the thread: what is not sent yet stays in the files. */
  close(): Promise<void> {
    return this.#thread.close(() => this.send({ type: 'close' }));
  }
}
