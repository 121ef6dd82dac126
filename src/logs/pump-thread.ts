import { closeSync } from 'node:fs';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { EngineError, messageOf } from '../base/mod.ts';
import { openEventFd, programFile, signalEventFd } from '../sys/mod.ts';
import type { FromPump, ToPump } from './pump/protocol.ts';

type Call = Extract<ToPump, { call: number }>;
type Answer = Extract<FromPump, { type: 'answer' }>;
type WithoutCall<T> = T extends unknown ? Omit<T, 'call'> : never;

/** The main thread's side of the pump: one worker, the port to it, and the eventfd that wakes it. */
export class PumpThread {
  readonly #port: MessagePort;
  readonly #wake = openEventFd();
  readonly #worker: Worker;
  readonly #calls = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  readonly #exited = Promise.withResolvers<void>();
  #lastCall = 0;
  #open = true;
  #closing = false;

  /** `onLost` is called if the thread ends without having been told to. */
  constructor(onMessage: (message: FromPump) => void, onLost: (reason: string) => void) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    let reason = 'it ended';
    port1.on('message', (message: FromPump) => {
      if (message.type === 'answer') this.#settle(message);
      else if (message.type === 'fatal') reason = message.message;
      else onMessage(message);
    });
    this.#worker = new Worker(programFile('logs/pump/worker.ts'), {
      name: 'minke-logs',
      workerData: { port: port2, wake: this.#wake },
      transferList: [port2],
    });
    this.#worker.on('error', (error) => {
      reason = messageOf(error);
    });
    this.#worker.once('exit', () => {
      this.#open = false;
      port1.close();
      closeSync(this.#wake);
      const lost = new EngineError('unavailable', `the log pump ended: ${reason}`);
      for (const call of this.#calls.values()) call.reject(lost);
      this.#calls.clear();
      this.#exited.resolve();
      if (!this.#closing) onLost(reason);
    });
    // The pump does not keep the process alive: what is in the pipes waits for the next daemon.
    this.#worker.unref();
  }

  /** Sends what needs no answer. */
  send(message: Exclude<ToPump, Call>): void {
    this.#post(message);
  }

  /** Sends and waits for the answer. */
  call(message: WithoutCall<Call>): Promise<void> {
    if (!this.#open) return Promise.reject(new EngineError('unavailable', 'the log pump has ended'));
    const call = ++this.#lastCall;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#calls.set(call, { resolve, reject });
    this.#post({ ...message, call });
    return promise;
  }

  /** Ends the thread and waits until it has closed its descriptors. */
  close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#worker.ref();
      this.#post({ type: 'close' });
    }
    return this.#exited.promise;
  }

  #post(message: ToPump): void {
    if (!this.#open) return;
    this.#port.postMessage(message);
    signalEventFd(this.#wake);
  }

  #settle(answer: Answer): void {
    const call = this.#calls.get(answer.call);
    if (!call) return;
    this.#calls.delete(answer.call);
    const { error } = answer;
    if (!error) call.resolve();
    else
      call.reject(new EngineError(isFull(error.code) ? 'unavailable' : 'internal', `logs: ${error.message}`));
  }
}

function isFull(code: string | undefined): boolean {
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ENOSPC';
}
