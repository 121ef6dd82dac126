import { parentPort } from 'node:worker_threads';
import { EngineError, messageOf } from '../../base/mod.ts';
import type { CallAnswer, CallRequest, Calls, ToCallThread } from './call-pool.ts';

/** An answer some of whose buffers travel with it. */
export class Travelling<T> {
  readonly result: T;
  readonly buffers: ArrayBuffer[];

  constructor(result: T, buffers: ArrayBuffer[]) {
    this.result = result;
    this.buffers = buffers;
  }
}

export type CallHandlers<C extends Calls> = {
  [K in keyof C & string]: (args: C[K]['args']) => C[K]['result'] | Travelling<C[K]['result']>;
};

/** Makes this worker a thread of a `CallPool`: each call is worked off at once. `onQuit` lets go of what is held. */
export function serveCalls<C extends Calls>(handlers: CallHandlers<C>, onQuit: () => void = () => {}): void {
  const port = parentPort;
  if (!port) throw new Error('this program runs as a worker thread');
  port.on('message', (request: ToCallThread<C>) => {
    if (request.call === 'quit') {
      onQuit();
      port.close();
      return;
    }
    const { id, call, args } = request as CallRequest<C>;
    try {
      const answer = handlers[call](args);
      const travels = answer instanceof Travelling;
      const result = travels ? answer.result : answer;
      port.postMessage({ id, result } satisfies CallAnswer, travels ? answer.buffers : []);
    } catch (error) {
      const code = error instanceof EngineError ? error.code : 'internal';
      port.postMessage({ id, error: { code, message: messageOf(error) } } satisfies CallAnswer);
    }
  });
}
