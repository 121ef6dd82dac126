import { connect, type Socket } from 'node:net';
import { LineReader } from '../keeper/line-reader.ts';
import {
  type ExecExit,
  type ExitRecord,
  KeeperFailure,
  type Line,
  MAX_REPLY,
  type OperationName,
  type Operations,
} from '../keeper/protocol.ts';

/** One connection to a keeper. Requests that are under way when it breaks fail with `ConnectionLost`. */
export class KeeperConnection {
  readonly #socket: Socket;
  readonly #pending = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  #next = 1;
  onExit: (exit: ExitRecord) => void = () => {};
  onExecExit: (exit: ExecExit) => void = () => {};
  onClose: () => void = () => {};
  readonly #closed = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = new LineReader(MAX_REPLY);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      try {
        lines.push(chunk, (line) => this.#receive(JSON.parse(line) as Line));
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.#pending.values()) reject(new ConnectionLost());
      this.#pending.clear();
      this.onClose();
      this.#closed.resolve();
    });
  }

  /** Whether it was lost, or closed. */
  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** Resolves once `onClose` was called. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Rejects (ENOENT, ECONNREFUSED) if no keeper listens at `path`. */
  static async open(path: string): Promise<KeeperConnection> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new KeeperConnection(socket);
  }

  async request<K extends OperationName>(
    op: K,
    fields: Operations[K]['request'],
  ): Promise<Operations[K]['reply']> {
    if (this.#socket.destroyed) throw new ConnectionLost();
    const n = this.#next++;
    const reply = new Promise<unknown>((resolve, reject) => this.#pending.set(n, { resolve, reject }));
    this.#socket.write(`${JSON.stringify({ n, op, ...fields })}\n`);
    return (await reply) as Operations[K]['reply'];
  }

  close(): void {
    this.onClose = () => {};
    this.#socket.destroy();
  }

  #receive(line: Line): void {
    if ('event' in line) {
      if (line.event === 'exit') this.onExit(line.exit);
      else if (line.event === 'exec-exit') this.onExecExit(line.execExit);
      return;
    }
    const pending = this.#pending.get(line.n);
    this.#pending.delete(line.n);
    if ('failure' in line) pending?.reject(new KeeperFailure(line.failure));
    else pending?.resolve(line.ok);
  }
}

/** The keeper ended, or the connection to it did, before it answered. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';

  constructor() {
    super('the connection to the keeper was lost');
  }
}
