import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { BlobPiece, TakeDescriptor } from '../lent-socket.ts';
import { Body } from './body.ts';
import type { Route } from './connections.ts';
import { directly } from './direct.ts';
import { pour, SourceError, type StreamedBody } from './pour.ts';
import { proxyAuthorization } from './proxies.ts';
import { TransportError, timedOut, transportError } from './transport-error.ts';

/** One HTTP request, as it goes out. */
export interface Outgoing {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: URL;
  headers: Record<string, string>;
  body?: Uint8Array | StreamedBody;
  signal?: AbortSignal | undefined;
  /** The reader can go on from a socket: see `directly`. */
  lend?: TakeDescriptor;
}

/** An answer whose body is still to be read or destroyed. */
export interface Answer {
  url: URL;
  status: number;
  statusText: string;
  headers: IncomingHttpHeaders;
  body: AnswerBody;
}

/** See `Body`. Only a request that said `lend` gets pieces that are not bytes. */
export interface AnswerBody {
  chunks(): AsyncGenerator<BlobPiece, void, void>;
  bytes(maxBytes: number): Promise<Buffer | undefined>;
  discard(): Promise<void>;
  destroy(): void;
}

export interface ExchangeLimits {
  /** From the start until the head of the answer is there. */
  headMs: number;
  /** For each wait on the body. */
  stallMs: number;
}

/**
 * Sends one request and resolves with the head of the answer, whatever its status. No redirect, no retry, no
 * authentication here. Rejects with TransportError.
 */
export async function exchange(outgoing: Outgoing, route: Route, limits: ExchangeLimits): Promise<Answer> {
  const { method, url, lend } = outgoing;
  const isDirect = method === 'GET' && !route.proxy && (url.protocol === 'http:' || route.tls !== undefined);
  return (
    (lend && isDirect && (await directly(outgoing, lend, limits, route.tls))) ||
    (await ordinarily(outgoing, route, limits))
  );
}

function ordinarily(outgoing: Outgoing, route: Route, limits: ExchangeLimits): Promise<Answer> {
  const { method, url, signal } = outgoing;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const cancelled = () => new TransportError(method, url, 'cancelled', 'context canceled');
  if (signal?.aborted) return Promise.reject(cancelled());

  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const { agent, proxy } = route;
  const request = send(url, {
    method,
    agent,
    headers: { ...withLength(outgoing), ...(proxy && { host: url.host, ...proxyAuthorization(proxy) }) },
    ...(proxy && { path: url.href }),
  });
  let body: Body | undefined;
  let phase: 'dial' | 'handshake' | 'head' = 'dial';

  let settled = false;
  const settle = () => {
    settled = true;
    clearTimeout(timer);
  };
  const detach = () => {
    settle();
    signal?.removeEventListener('abort', onAbort);
  };
  const fail = (error: TransportError | SourceError) => {
    settle();
    reject(error);
    if (body) body.destroy(error instanceof TransportError ? error : undefined);
    else request.destroy();
  };
  const expire = () => fail(timedOut(method, url, phase));
  // Of a streamed body the peer must take something now and then; the head is waited for when all of it is written.
  let timer = typeof outgoing.body === 'function' ? undefined : setTimeout(expire, limits.headMs);
  const onAbort = () => fail(cancelled());
  signal?.addEventListener('abort', onAbort, { once: true });

  request.on('socket', (socket) => {
    if (!socket.connecting) {
      phase = 'head';
      return;
    }
    socket.once('connect', () => {
      phase = url.protocol === 'https:' ? 'handshake' : 'head';
    });
    if (url.protocol !== 'https:') return;
    socket.once('secureConnect', () => {
      phase = 'head';
    });
  });
  request.on('error', (error) => {
    detach();
    reject(transportError(method, url, error));
  });
  request.on('close', () => {
    detach();
    reject(new TransportError(method, url, 'reset', 'EOF'));
  });
  request.on('response', (incoming) => {
    settle();
    incoming.once('end', () => {
      detach();
      // An answer before all was sent: the connection is of no use to anybody else.
      if (!request.writableEnded) request.destroy();
    });
    body = new Body(incoming, request, url, limits.stallMs);
    const { statusCode: status = 0, statusMessage = '', headers } = incoming;
    resolve({ url, status, statusText: `${status} ${statusMessage}`.trim(), headers, body });
  });
  if (typeof outgoing.body !== 'function') request.end(outgoing.body);
  else {
    pour(request, outgoing.body, url, limits.stallMs).then(
      () => {
        if (!settled) timer = setTimeout(expire, limits.headMs);
      },
      (error: unknown) => fail(error instanceof SourceError ? error : transportError(method, url, error)),
    );
  }
  return promise;
}

function withLength({ headers, body }: Outgoing): Record<string, string> {
  return body && typeof body !== 'function'
    ? { ...headers, 'content-length': String(body.byteLength) }
    : headers;
}
