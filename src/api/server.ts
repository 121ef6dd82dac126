import { createServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import { EngineError, errnoOf, type LogFields, type Logger } from '../base/mod.ts';
import { API_VERSION, MIN_API_VERSION } from '../engine/system/mod.ts';
import type { VersionRange } from './http/api-version.ts';
import { Dispatcher } from './http/dispatch.ts';
import { frontConnection } from './http/front.ts';
import { listenOn, parseHost } from './http/listener.ts';
import { Router } from './http/router.ts';
import type { SocketLending } from './http/socket-body.ts';
import { type ApiBackends, allRoutes } from './routes/all-routes.ts';

export interface ApiServerOptions {
  backends: ApiBackends;
  /** Of the engine, for the `Server` header. */
  serverVersion: string;
  /** True on a host with cgroup v2 alone. */
  cgroupUnified: boolean;
  log: Logger;
  /** So that a large body is read off its socket by who works it off. */
  lending?: SocketLending;
  /** Who is at the other end of a connection; undefined where nobody wants to know, or it cannot be told. */
  peerOf?: (socket: Socket) => LogFields | undefined;
  /** Default: what the engine serves. */
  versions?: VersionRange;
}

/** What is under way may end within this time of a `close`. */
const CLOSE_GRACE_MS = 1000;

/** Creates the HTTP side of the daemon; it listens nowhere yet. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  return new ApiServer(options);
}

export class ApiServer implements AsyncDisposable {
  readonly #log: Logger;
  readonly #peerOf: NonNullable<ApiServerOptions['peerOf']>;
  /** Those that somebody wants to know of. */
  readonly #peers = new WeakMap<Socket, LogFields>();
  readonly #dispatcher: Dispatcher;
  readonly #http: HttpServer;
  readonly #listeners: Server[] = [];
  readonly #sockets = new Set<Socket>();
  /** Sockets with a request under way. */
  readonly #busy = new Set<Socket>();

  constructor(options: ApiServerOptions) {
    this.#log = options.log;
    this.#peerOf = options.peerOf ?? (() => undefined);
    this.#dispatcher = new Dispatcher({
      router: new Router(allRoutes(options.backends, { cgroupUnified: options.cgroupUnified })),
      versions: options.versions ?? { min: MIN_API_VERSION, max: API_VERSION },
      serverVersion: options.serverVersion,
      experimental: false,
      log: options.log,
      lending: options.lending,
    });
    this.#http = this.#createHttp();
  }

  /** Listens on all of `hosts` (`unix://…`, `tcp://…`, `fd://`). If one fails, rejects; `close` lets go of the rest. */
  async listen(hosts: readonly string[]): Promise<void> {
    for (const host of hosts.flatMap((spec) => parseHost(spec))) {
      const server = createNetServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
      try {
        await listenOn(server, host);
      } catch (error) {
        if (error instanceof EngineError) throw error;
        const where = host.kind === 'unix' ? host.path : JSON.stringify(host);
        throw new EngineError('unavailable', `cannot listen on ${where}: ${errnoOf(error) ?? error}`, {
          cause: error,
        });
      }
      server.on('error', (error) => this.#log.error('listener failed', { error }));
      this.#listeners.push(server);
    }
  }

  /** Accepts no more, ends hijacked connections, lets requests end for a moment, then closes everything. */
  async close(): Promise<void> {
    const closed = this.#listeners.splice(0).map((server) => new Promise((done) => server.close(done)));
    this.#dispatcher.endHijacks();
    for (const socket of this.#sockets) if (!this.#busy.has(socket)) socket.destroy();
    const deadline = Date.now() + CLOSE_GRACE_MS;
    while (this.#sockets.size > 0 && Date.now() < deadline) await new Promise((done) => setTimeout(done, 10));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#busy.delete(socket);
    });
    // A peer that vanished from a network ends what it left hanging.
    socket.setKeepAlive(true, 30_000);
    // Whoever reads or writes it hears of the end by `close`.
    socket.on('error', () => {});
    const peer = this.#peerOf(socket);
    if (peer) this.#peers.set(socket, peer);
    frontConnection(socket, this.#http);
  }

  #note({ method, url }: IncomingMessage, socket: Socket): void {
    const peer = this.#peers.get(socket);
    if (peer) this.#log.debug('request', { method, url, ...peer });
  }

  #createHttp(): HttpServer {
    const http = createServer((request, response) => {
      request.on('error', () => {});
      response.on('error', () => {});
      const { socket } = request;
      this.#note(request, socket);
      this.#busy.add(socket);
      response.once('close', () => this.#busy.delete(socket));
      void this.#dispatcher.request(request, response);
    });
    // Compat: dockerd keeps idle connections; clients that reuse one must not find it closed.
    http.keepAliveTimeout = 0;
    // An upload, a wait or an attach takes as long as it takes.
    http.requestTimeout = 0;
    http.timeout = 0;
    http.on('upgrade', (request, socket, head) => {
      this.#note(request, socket as Socket);
      this.#busy.add(socket as Socket);
      this.#dispatcher.upgrade(request, socket as Socket, head, http);
    });
    http.on('clientError', (_error, socket) => {
      if (socket.destroyed) return;
      if (socket.writable) {
        socket.end(
          'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request',
        );
      }
      setTimeout(() => socket.destroy(), 100).unref();
    });
    return http;
  }
}
