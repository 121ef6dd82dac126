import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { EngineError, isEngineError, type Logger } from '../../base/mod.ts';
import { failureOf } from '../errors.ts';
import { ApiVersion, checkVersion, type VersionRange } from './api-version.ts';
import { boundBody } from './bound-body.ts';
import { type Hijack, SILENT_UPGRADE } from './hijack.ts';
import { largeBodyFraming } from './large-body.ts';
import { PlainHijack } from './plain-hijack.ts';
import { Query } from './query.ts';
import { empty, errorReply, json, type Reply } from './reply.ts';
import { ApiRequest } from './request.ts';
import type { AnyRoute, HijackRoute } from './route.ts';
import type { Router } from './router.ts';
import { responseSignal, sendReply } from './send.ts';
import { SocketBody, type SocketLending } from './socket-body.ts';
import { SocketHijack } from './socket-hijack.ts';
import { SocketInput } from './socket-input.ts';
import { parseTarget, type Target } from './target.ts';

export interface DispatchOptions {
  router: Router;
  versions: VersionRange;
  serverVersion: string;
  experimental: boolean;
  log: Logger;
  /** Without it large bodies are read on this thread. */
  lending?: SocketLending | undefined;
}

/** From an HTTP request to a route and back: version, general headers, errors. */
export class Dispatcher {
  readonly #options: DispatchOptions;
  /** Headers of every routed answer, version errors included. */
  readonly #general: Record<string, string>;
  readonly #hijacks = new Set<Hijack>();

  constructor(options: DispatchOptions) {
    this.#options = options;
    this.#general = {
      'Api-Version': options.versions.max,
      Ostype: 'linux',
      Server: `Docker/${options.serverVersion} (linux)`,
    };
  }

  /** Never rejects: a handler's failure is an answer. */
  async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    boundBody(request);
    const signal = responseSignal(response);
    try {
      await this.#answer(request, response, signal);
    } catch (error) {
      this.#fail(request, response, error, signal);
    } finally {
      drainBody(request);
    }
  }

  /**
   * A request with an Upgrade header. Those that are not for a hijack route go back into `http` without it (curl
   * offers HTTP/2 on any request).
   */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, http: HttpServer): void {
    const target = parseTarget(request.url ?? '');
    const found = target && this.#options.router.find(request.method ?? '', target.path);
    const framing = largeBodyFraming(request.headers.upgrade);
    if (target && found && framing !== undefined && !('hijack' in found.route)) {
      const input = new SocketInput(socket, head);
      const body = new SocketBody(socket, input, framing, this.#options.lending);
      const connection = new SocketHijack(socket, input, { upgraded: false, headers: this.#headers() });
      const { handle } = found.route;
      void this.#hijack(
        request,
        target,
        { ...found.route, hijack: async (it) => await connection.reply(await handle(it)) },
        found.params,
        body,
        connection,
      );
      return;
    }
    if (!target || !found || !('hijack' in found.route)) {
      socket.unshift(Buffer.concat([Buffer.from(headWithoutUpgrade(request)), head]));
      http.emit('connection', socket);
      return;
    }
    const input = new SocketInput(socket, head);
    const connection = new SocketHijack(socket, input, {
      upgraded: request.headers.upgrade !== SILENT_UPGRADE,
      headers: this.#headers(),
    });
    const body = input.body(Number(request.headers['content-length'] ?? 0));
    void this.#hijack(request, target, found.route, found.params, body, connection);
  }

  /** Ends all connections that were taken over. */
  endHijacks(): void {
    for (const hijack of this.#hijacks) hijack.end();
  }

  async #answer(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const method = request.method ?? '';
    const target = parseTarget(request.url ?? '');
    if (!target) return await sendReply(response, { kind: 'text', status: 400, text: '400 Bad Request' });
    if (target.redirect !== undefined) {
      return await sendReply(response, {
        kind: 'empty',
        status: 301,
        headers: { Location: target.redirect },
      });
    }
    const found = this.#options.router.find(method, target.path);
    if (!found && method !== 'OPTIONS') {
      // Compat: what the router does not know has none of the general headers, and no version check.
      return await sendReply(response, json(404, { message: 'page not found' }));
    }
    setHeaders(response, this.#general);
    const version = new ApiVersion(target.version ?? this.#options.versions.max);
    const refusal = this.#checkVersion(version, method);
    if (refusal) return await sendReply(response, refusal);
    setHeaders(response, this.#headers());
    if (!found) return await sendReply(response, empty(200));
    checkSince(found.route, version);
    const { route, params } = found;
    if ('hijack' in route) {
      const connection = new PlainHijack(request, response);
      return await this.#hijack(request, target, route, params, request, connection);
    }
    const init = { method, params, query: new Query(target.search), version, headers: request.headers };
    const reply = await route.handle(new ApiRequest({ ...init, body: request, signal }));
    await sendReply(response, reply);
  }

  async #hijack(
    request: IncomingMessage,
    target: Target,
    route: HijackRoute,
    params: Record<string, string>,
    body: AsyncIterable<Uint8Array>,
    connection: Hijack,
  ): Promise<void> {
    this.#hijacks.add(connection);
    try {
      const method = request.method ?? '';
      const version = new ApiVersion(target.version ?? this.#options.versions.max);
      const refusal = this.#checkVersion(version, method);
      if (refusal) return await connection.reply(refusal);
      checkSince(route, version);
      const init = { method, params, query: new Query(target.search), version, headers: request.headers };
      await route.hijack(new ApiRequest({ ...init, body, signal: connection.signal }), connection);
    } catch (error) {
      const { status, message } = this.#report(request, error, connection.signal);
      await connection.reply(errorReply(status, message)).catch(() => {});
    } finally {
      connection.end();
      this.#hijacks.delete(connection);
    }
  }

  #checkVersion(version: ApiVersion, method: string): Reply | undefined {
    try {
      checkVersion(version, this.#options.versions);
      return undefined;
    } catch (error) {
      if (!isEngineError(error, 'invalid')) throw error;
      if (method === 'HEAD') return empty(400);
      if (version.atLeast('1.24')) return errorReply(400, error.message);
      const headers = { 'X-Content-Type-Options': 'nosniff' };
      return { kind: 'text', status: 400, text: `${error.message}\n`, headers };
    }
  }

  #headers(): Record<string, string> {
    return { ...this.#general, 'Docker-Experimental': String(this.#options.experimental) };
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown, signal: AbortSignal): void {
    const { status, message } = this.#report(request, error, signal);
    // In the middle of a body the only way to say "failed" is to cut it short of its end.
    if (response.headersSent || response.destroyed) response.destroy();
    else void sendReply(response, request.method === 'HEAD' ? empty(status) : errorReply(status, message));
  }

  #report(
    request: IncomingMessage,
    error: unknown,
    signal: AbortSignal,
  ): { status: number; message: string } {
    const failure = failureOf(error);
    const fields = {
      method: request.method,
      url: request.url,
      status: failure.status,
      error: failure.message,
    };
    // A client that hung up makes whatever it asked for fail in its own way.
    if (error instanceof EngineError || signal.aborted) this.#options.log.debug('request failed', fields);
    else
      this.#options.log.error('request failed unexpectedly', { ...fields, stack: (error as Error)?.stack });
    return failure;
  }
}

function checkSince(route: AnyRoute, version: ApiVersion): void {
  if (!route.since || version.atLeast(route.since.version)) return;
  const { pattern, version: minimum } = route.since;
  throw new EngineError('invalid', `${route.method} ${pattern} requires minimum API version ${minimum}`);
}

function setHeaders(response: ServerResponse, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

function headWithoutUpgrade(request: IncomingMessage): string {
  let head = `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n`;
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(i, i + 2);
    if (/^(?:upgrade|http2-settings)$/i.test(name)) continue;
    const kept = /^connection$/i.test(name) ? value.replace(/\b(?:upgrade|http2-settings)\b,?/gi, '') : value;
    head += `${name}: ${kept}\r\n`;
  }
  return `${head}\r\n`;
}

/** What a handler left unread of a body is dropped, so that the client can finish and the connection be used again. */
function drainBody(request: IncomingMessage): void {
  if (!request.readableEnded && !request.destroyed) request.resume();
}
