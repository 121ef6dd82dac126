import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { EngineError, messageOf } from '../base/mod.ts';
import { programFile } from '../sys/mod.ts';
import type { FromBackground, ToBackground } from './ship/protocol.ts';

type Call = Extract<ToBackground, { call: number }>;
type WithoutCall<T> = T extends unknown ? Omit<T, 'call'> : never;

/** The main thread's side of the thread that sends records and compresses files. */
export class BackgroundThread {
  readonly #port: MessagePort;
  readonly #worker: Worker;
  readonly #calls = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  readonly #exited = Promise.withResolvers<void>();
  #lastCall = 0;
  #open = true;
  #closing = false;

  /** `onLost` is called if the thread ends without having been told to. */
  constructor(onMessage: (message: FromBackground) => void, onLost: (reason: string) => void) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    let reason = 'it ended';
    port1.on('message', (message: FromBackground) => {
      if (message.type !== 'answer') onMessage(message);
      else this.#settle(message.call, message.error);
    });
    this.#worker = new Worker(programFile('logs/ship/worker.ts'), {
      name: 'minke-logs-background',
      workerData: { port: port2 },
      transferList: [port2],
    });
    this.#worker.on('error', (error) => {
      reason = messageOf(error);
    });
    this.#worker.once('exit', () => {
      this.#open = false;
      port1.close();
      const lost = new EngineError('unavailable', `the thread that sends output ended: ${reason}`);
      for (const call of this.#calls.values()) call.reject(lost);
      this.#calls.clear();
      this.#exited.resolve();
      if (!this.#closing) onLost(reason);
    });
    port1.unref();
    this.#worker.unref();
  }

  /** Sends what needs no answer. */
  send(message: Exclude<ToBackground, Call>): void {
    if (this.#open) this.#port.postMessage(message);
  }

  /** Sends and waits for the answer. */
  call(message: WithoutCall<Call>): Promise<void> {
    if (!this.#open) return Promise.reject(new EngineError('unavailable', 'the thread has ended'));
    const call = ++this.#lastCall;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#calls.set(call, { resolve, reject });
    this.#port.postMessage({ ...message, call });
    return promise;
  }

  /** Ends the thread: what is not sent yet stays in the files. */
  close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#worker.ref();
      this.send({ type: 'close' });
    }
    return this.#exited.promise;
  }

  #settle(call: number, error: string | undefined): void {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    if (error === undefined) waiting?.resolve();
    else waiting?.reject(new EngineError('internal', error));
  }
}
