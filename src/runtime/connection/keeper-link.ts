import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, type Logger, messageOf } from '../../base/mod.ts';
import { Pidfd } from '../../sys/mod.ts';
import type { ExecExit, ExitRecord, HelloReply, OperationName, Operations } from '../keeper/protocol.ts';
import { ConnectionLost, type KeeperConnection } from './keeper-connection.ts';
import { connectKeeper } from './keeper-launch.ts';
import { ownKeeperBuild } from './keeper-program.ts';
import { upToDate } from './keeper-upgrade.ts';

const RETRY_MS = 1_000;
/** What may be asked twice. */
const REPEATABLE: ReadonlySet<OperationName> = new Set([
  'abort',
  'forget',
  'list',
  'closeStdin',
  'execRelease',
]);
const END_MS = 500;

/** A keeper, whichever: connects again, starting a new one, when the one at hand is gone. */
export class KeeperLink {
  readonly #execRoot: string;
  readonly #log: Logger;
  readonly #build: string;
  /** The one connection, or the attempt at it. */
  #state: Promise<{ connection: KeeperConnection; pidfd: Pidfd }> | undefined;
  #closed = true;
  #used = false;
  /** A connection was lost, and there is not one again yet of which all is known. */
  #reconnecting = false;
  onExit: (exit: ExitRecord) => void = () => {};
  onExecExit: (exit: ExecExit) => void = () => {};
  /** A connection was lost and there is one again, maybe to another keeper. */
  onReconnect: () => Promise<void> = async () => {};

  /** `build`: of the keeper that is wanted; ours unless given. */
  constructor(execRoot: string, log: Logger, build = ownKeeperBuild()) {
    this.#execRoot = execRoot;
    this.#log = log;
    this.#build = build;
  }

  /** From now on there is a keeper for whoever asks: the first request connects, or `connect`. */
  open(): void {
    this.#closed = false;
  }

  async connect(): Promise<void> {
    await this.#current();
  }

  /** Whether anybody asked for a keeper. */
  get used(): boolean {
    return this.#used;
  }

  /** `end`: the keeper is to end too, if it holds nothing. */
  async close({ end = false } = {}): Promise<void> {
    this.#closed = true;
    const state = await this.#state?.catch(() => undefined);
    this.#state = undefined;
    if (!state) return;
    using pidfd = state.pidfd;
    // It would let go of the pidfd.
    state.connection.onClose = () => {};
    if (end) await endProcess(pidfd);
    state.connection.close();
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
      await connection.closed;
    }
    return await (await this.#current()).connection.request(op, fields);
  }

  /** A duplicate of one of the keeper's descriptors. */
  async takeDescriptor(number: number): Promise<number> {
    return (await this.#current()).pidfd.getfd(number);
  }

  async #current(): Promise<{ connection: KeeperConnection; pidfd: Pidfd }> {
    if (this.#closed) throw new EngineError('unavailable', 'not connected to the keeper');
    this.#used = true;
    const state = this.#state ?? this.#connect();
    this.#state = state;
    try {
      return await state;
    } catch (error) {
      // The next request tries again.
      if (this.#state === state) this.#state = undefined;
      throw error;
    }
  }

  async #connect(): Promise<{ connection: KeeperConnection; pidfd: Pidfd }> {
    const found = await connectKeeper(this.#execRoot);
    const { connection, hello } = await upToDate(this.#execRoot, found, this.#build, this.#log);
    this.#log.debug('connected to the keeper', logFields(hello));
    const pidfd = new Pidfd(hello.pid);
    connection.onExit = (exit) => this.onExit(exit);
    connection.onExecExit = (exit) => this.onExecExit(exit);
    const link = { connection, pidfd };
    let open = true;
    connection.onClose = () => {
      if (!open) return;
      open = false;
      pidfd[Symbol.dispose]();
      // Nobody else can have replaced it: there is one connection at a time.
      this.#state = undefined;
      if (!this.#closed) void this.#reconnect();
    };
    // Race: a keeper that was killed as soon as it had said hello.
    if (connection.isClosed) connection.onClose();
    return link;
  }

  /** One at a time; a keeper that goes in the middle is one more turn of it. */
  async #reconnect(): Promise<void> {
    if (this.#reconnecting) return;
    this.#reconnecting = true;
    try {
      while (!this.#closed) {
        this.#log.warn('the keeper is gone: starting another');
        try {
          const { connection } = await this.#current();
          await this.onReconnect();
          if (!connection.isClosed) return;
        } catch (error) {
          this.#log.error('no keeper', { error: messageOf(error) });
          await sleep(RETRY_MS);
        }
      }
    } finally {
      this.#reconnecting = false;
    }
  }
}

/** Asks a process to end, and waits a little for it. A keeper that holds containers does not. */
async function endProcess(pidfd: Pidfd): Promise<void> {
  if (!pidfd.signal(constants.signals.SIGTERM)) return;
  for (let waited = 0; waited < END_MS && !pidfd.ended; waited += 2) await sleep(2);
}

function logFields({ pid, version, build }: HelloReply): Record<string, unknown> {
  return { pid, protocol: version, build };
}
