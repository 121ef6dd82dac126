import { closeSync } from 'node:fs';
import { EngineError } from '../base/mod.ts';
import { openEventFd, signalEventFd } from '../sys/mod.ts';
import { LogThread } from './log-thread.ts';
import type { FromPump, ToPump } from './pump/protocol.ts';

type Call = Extract<ToPump, { call: number }>;
type Answer = Extract<FromPump, { type: 'answer' }>;
type WithoutCall<T> = T extends unknown ? Omit<T, 'call'> : never;

/**
 * The main thread's side of the pump: its thread, and the eventfd that wakes it. It does not keep the process alive:
 * what is in the pipes waits for the next daemon.
 */
export class PumpThread {
  readonly #wake = openEventFd();
  readonly #thread: LogThread<ToPump>;

  /** `onLost` is called if the thread ends without having been told to. */
  constructor(onMessage: (message: FromPump) => void, onLost: (reason: string) => void) {
    const data = { wake: this.#wake };
    const program = { file: 'logs/pump/worker.ts', name: 'minke-logs', words: 'the log pump', data };
    this.#thread = new LogThread(program, (lost) => {
      closeSync(this.#wake);
      if (lost !== undefined) onLost(lost);
    });
    this.#thread.port.on('message', (message: FromPump) => {
      if (message.type === 'answer') this.#thread.settle(message.call, errorOf(message));
      else if (message.type === 'fatal') this.#thread.blame(message.message);
      else onMessage(message);
    });
  }

  /** Sends what needs no answer. */
  send(message: Exclude<ToPump, Call>): void {
    this.#post(message);
  }

  /** Sends and waits for the answer. */
  call(message: WithoutCall<Call>): Promise<void> {
    return this.#thread.call(message, (numbered) => this.#post(numbered));
  }

  /** Ends the thread and waits until it has closed its descriptors. */
  close(): Promise<void> {
    return this.#thread.close(() => this.#post({ type: 'close' }));
  }

  #post(message: ToPump): void {
    if (this.#thread.post(message)) signalEventFd(this.#wake);
  }
}

function errorOf({ error }: Answer): EngineError | undefined {
  return error && new EngineError(isFull(error.code) ? 'unavailable' : 'internal', `logs: ${error.message}`);
}

function isFull(code: string | undefined): boolean {
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ENOSPC';
}
