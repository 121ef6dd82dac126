import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { EngineError, messageOf } from '../base/mod.ts';
import { programFile } from '../sys/mod.ts';

/** A message that is answered by its number. */
interface Numbered {
  call: number;
}
type CallOf<To> = Extract<To, Numbered>;
type WithoutCall<T> = T extends unknown ? Omit<T, 'call'> : never;

interface Program {
  /** Path of its file below `src/`. */
  file: string;
  name: string;
  /** What it is in an error's sentence: `the log pump`. */
  words: string;
  /** For the thread, beside its `port`. */
  data?: object;
}

/** A thread that the process does not wait for: messages both ways, and calls that it answers. */
export class LogThread<To> {
  readonly port: MessagePort;
  readonly #words: string;
  readonly #worker: Worker;
  readonly #calls = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  readonly #exited = Promise.withResolvers<void>();
  #reason = 'it ended';
  #lastCall = 0;
  #open = true;
  #closing = false;

  /** `onExit` is called when it has ended; `lost` says why where nobody told it to. */
  constructor({ file, name, words, data }: Program, onExit: (lost: string | undefined) => void) {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.#words = words;
    const workerData = { ...data, port: port2 };
    this.#worker = new Worker(programFile(file), { name, workerData, transferList: [port2] });
    this.#worker.on('error', (error) => this.blame(messageOf(error)));
    this.#worker.once('exit', () => {
      this.#open = false;
      port1.close();
      const lost = new EngineError('unavailable', `${words} ended: ${this.#reason}`);
      for (const call of this.#calls.values()) call.reject(lost);
      this.#calls.clear();
      this.#exited.resolve();
      onExit(this.#closing ? undefined : this.#reason);
    });
    this.#worker.unref();
  }

  /** Why it will have ended. */
  blame(reason: string): void {
    this.#reason = reason;
  }

  /** False if it has ended. */
  post(message: To): boolean {
    if (this.#open) this.port.postMessage(message);
    return this.#open;
  }

  /** Sends by `post`, and waits for `settle`. */
  call(message: WithoutCall<CallOf<To>>, post: (message: To) => unknown): Promise<void> {
    if (!this.#open) return Promise.reject(new EngineError('unavailable', `${this.#words} has ended`));
    const call = ++this.#lastCall;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#calls.set(call, { resolve, reject });
    post({ ...message, call } as To);
    return promise;
  }

  settle(call: number, error: Error | undefined): void {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    if (error) waiting?.reject(error);
    else waiting?.resolve();
  }

  /** Resolves when it has ended; `tell` tells it to, once. */
  close(tell: () => void): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#worker.ref();
      tell();
    }
    return this.#exited.promise;
  }
}
