import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { ownMountNamespace } from '../../sys/mod.ts';
import type { KeeperContext } from './context.ts';
import { create } from './create.ts';
import { exec } from './exec.ts';
import { LineReader } from './line-reader.ts';
import {
  type ExecExit,
  type ExitRecord,
  KeeperFailure,
  type Line,
  MAX_REQUEST,
  type OperationName,
  type Operations,
  PROTOCOL_VERSION,
} from './protocol.ts';
import { start } from './start.ts';
import { upgrade } from './upgrade.ts';

type Handlers = {
  [K in OperationName]: (
    request: Operations[K]['request'],
  ) => Operations[K]['reply'] | Promise<Operations[K]['reply']>;
};

/** Serves the protocol. Several daemons may be connected (an old one going, a new one coming); all hear of exits. */
export class KeeperServer {
  readonly #sockets = new Set<Socket>();
  readonly #handlers: Handlers;
  readonly #onIdle: () => void;

  /** `onIdle` is called when the last connection went. */
  constructor(context: KeeperContext, build: string, onIdle: () => void) {
    this.#onIdle = onIdle;
    const { containers, execs, underWay } = context;
    this.#handlers = {
      hello: () => ({
        version: PROTOCOL_VERSION,
        pid: process.pid,
        mountNamespace: ownMountNamespace(),
        build,
      }),
      create: (request) => create(context, request),
      start: async ({ id }) => {
        await start(context, containers.get(id));
        return {};
      },
      abort: ({ id }) => {
        underWay.get(id)?.();
        return {};
      },
      list: () => ({ containers: containers.list() }),
      ptyMaster: ({ id }) => {
        const fd = containers.get(id).descriptors.ptyMaster;
        if (fd === undefined) throw new KeeperFailure({ kind: 'bad-request', message: 'no terminal' });
        return { fd };
      },
      closeStdin: ({ id }) => {
        containers.get(id).descriptors.closeStdin();
        return {};
      },
      forget: ({ id }) => {
        containers.forget(id);
        return {};
      },
      exec: (request) => exec(context, request),
      execTerminal: ({ execId }) => ({ fd: execs.terminal(execId) }),
      execRelease: ({ execId }) => {
        underWay.get(execId)?.();
        execs.release(execId);
        return {};
      },
      upgrade: (request) => upgrade(context, request),
    };
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Listens at `path`; the caller holds the lock that makes a socket left there nobody's. */
  async listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    const server = createServer((socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
  }

  announce(exit: ExitRecord): void {
    this.#tell({ event: 'exit', exit });
  }

  announceExec(execExit: ExecExit): void {
    this.#tell({ event: 'exec-exit', execExit });
  }

  #tell(event: Line): void {
    for (const socket of this.#sockets) socket.write(`${JSON.stringify(event)}\n`);
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const lines = new LineReader(MAX_REQUEST);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      try {
        lines.push(chunk, (line) => void this.#answer(socket, line));
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#onIdle();
    });
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    let n = 0;
    let reply: object;
    try {
      const request = JSON.parse(line) as { n: number; op: OperationName };
      n = request.n;
      const handler = this.#handlers[request.op] as ((request: unknown) => unknown) | undefined;
      if (!handler) throw new KeeperFailure({ kind: 'bad-request', message: `no operation ${request.op}` });
      reply = { n, ok: await handler(request) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      reply = { n, failure: error instanceof KeeperFailure ? error.failure : { kind: 'internal', message } };
    }
    if (!socket.destroyed) socket.write(`${JSON.stringify(reply)}\n`);
  }
}
