import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, type Logger, messageOf } from '../../base/mod.ts';
import { Pidfd } from '../../sys/mod.ts';
import type { ExitRecord, HelloReply, OperationName, Operations } from '../keeper/protocol.ts';
import { ConnectionLost, type KeeperConnection } from './keeper-connection.ts';
import { connectKeeper } from './keeper-launch.ts';

const RETRY_MS = 1_000;
/** What may be asked twice. */
const REPEATABLE: ReadonlySet<OperationName> = new Set(['abort', 'forget', 'list', 'closeStdin']);

/** A keeper, whichever: connects again, starting a new one, when the one at hand is gone. */
export class KeeperLink {
  readonly #execRoot: string;
  readonly #log: Logger;
  #state: Promise<{ connection: KeeperConnection; pidfd: Pidfd }> | undefined;
  #closed = false;
  onExit: (exit: ExitRecord) => void = () => {};
  /** A connection was lost and there is one again, maybe to another keeper. */
  onReconnect: () => Promise<void> = async () => {};

  constructor(execRoot: string, log: Logger) {
    this.#execRoot = execRoot;
    this.#log = log;
  }

  async open(): Promise<void> {
    this.#closed = false;
    this.#state = this.#connect();
    await this.#state;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const state = await this.#state?.catch(() => undefined);
    state?.connection.close();
    state?.pidfd[Symbol.dispose]();
    this.#state = undefined;
  }

  async request<K extends OperationName>(
    op: K,
    fields: Operations[K]['request'],
  ): Promise<Operations[K]['reply']> {
    const { connection } = await this.#current();
    try {
      return await connection.request(op, fields);
    } catch (error) {
      // The next keeper does it: a removal must not be left half done because this one ended in the middle.
      if (!(error instanceof ConnectionLost) || !REPEATABLE.has(op) || this.#closed) throw error;
    }
    return await (await this.#current()).connection.request(op, fields);
  }

  /** A duplicate of one of the keeper's descriptors. */
  async takeDescriptor(number: number): Promise<number> {
    return (await this.#current()).pidfd.getfd(number);
  }

  #current(): Promise<{ connection: KeeperConnection; pidfd: Pidfd }> {
    if (this.#state === undefined) throw new EngineError('unavailable', 'not connected to the keeper');
    return this.#state;
  }

  async #connect(): Promise<{ connection: KeeperConnection; pidfd: Pidfd }> {
    const { connection, hello } = await connectKeeper(this.#execRoot);
    this.#log.debug('connected to the keeper', logFields(hello));
    const pidfd = new Pidfd(hello.pid);
    connection.onExit = (exit) => this.onExit(exit);
    connection.onClose = () => {
      pidfd[Symbol.dispose]();
      if (!this.#closed) void this.#reconnect();
    };
    return { connection, pidfd };
  }

  async #reconnect(): Promise<void> {
    this.#log.warn('the keeper is gone: starting another');
    while (!this.#closed) {
      this.#state = this.#connect();
      try {
        await this.#state;
        await this.onReconnect();
        return;
      } catch (error) {
        this.#log.error('no keeper', { error: messageOf(error) });
        await sleep(RETRY_MS);
      }
    }
  }
}

function logFields({ pid, version, build }: HelloReply): Record<string, unknown> {
  return { pid, protocol: version, build };
}
