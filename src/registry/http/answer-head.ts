import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { ExchangeLimits, Outgoing } from './exchange.ts';
import { TransportError, timedOut, transportError } from './transport-error.ts';

const MAX_HEAD = 64 << 10;
/** Longest answer of an error; longer ones take the ordinary way. */
const MAX_ERROR_BODY = 64 << 10;
const END_OF_HEAD = Buffer.from('\r\n\r\n');

export interface AnswerHead {
  status: number;
  statusText: string;
  headers: IncomingHttpHeaders;
}

/** A head with what came of the body together with it; of a short error all of it, and no `rest`. */
export interface ReadHead<T> {
  head: AnswerHead;
  first: Buffer;
  rest: T | undefined;
}

/**
 * Sends a request on a socket that is being connected, and reads the head of the answer. `takeRest` takes the socket over,
 * in the same breath in which the head came: nothing was read behind `first`. Undefined for what is no plain HTTP, and,
 * of a TLS socket, for any trouble with the handshake; rejects with TransportError for other trouble.
 */
export function readHead<T>(
  outgoing: Outgoing,
  { socket, secure }: { socket: Socket; secure: boolean },
  limits: ExchangeLimits,
  takeRest: () => T | undefined,
): Promise<ReadHead<T> | undefined> {
  const { url, signal } = outgoing;
  const { promise, resolve, reject } = Promise.withResolvers<ReadHead<T> | undefined>();
  let isReady = false;
  const end = (error?: TransportError) => {
    socket.destroy();
    if (error) reject(error);
    else resolve(undefined);
  };
  const abort = () => end(new TransportError('GET', url, 'cancelled', 'context canceled'));
  const phase = () => (socket.connecting ? 'dial' : isReady ? 'head' : 'handshake');
  const timer = setTimeout(() => end(timedOut('GET', url, phase())), limits.headMs);
  signal?.addEventListener('abort', abort, { once: true });
  let received: Buffer = Buffer.alloc(0);
  const onData = (bytes: Buffer): void => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    const length = received.indexOf(END_OF_HEAD);
    if (length < 0) {
      if (received.length > MAX_HEAD) end();
      return;
    }
    const head = parseHead(received.toString('latin1', 0, length));
    const first = received.subarray(length + END_OF_HEAD.length);
    if (head && isShortError(head)) {
      // What a server in trouble has to say beside its status, nobody is told.
      const size = head.status >= 500 ? 0 : (plainLength(head, false) ?? 0);
      if (first.length < size) return;
      resolve({ head, first: first.subarray(0, size), rest: undefined });
      socket.destroy();
      return;
    }
    socket.off('data', onData);
    const rest = head && takeRest();
    if (!head || rest === undefined) end();
    else resolve({ head, first, rest });
  };
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    isReady = true;
    socket.write(requestText(outgoing));
  });
  socket.on('error', (error) => {
    if (secure && !isReady) resolve(undefined);
    else reject(transportError('GET', url, error));
  });
  socket.on('close', () => {
    if (secure && !isReady) resolve(undefined);
    else reject(new TransportError('GET', url, 'reset', 'EOF'));
  });
  socket.on('data', onData);
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  });
}

function requestText({ url, headers }: Outgoing): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n${lines.join('')}connection: close\r\n\r\n`;
}

/** Spec: RFC 9112, sections 4 and 5. Undefined for what is not strictly so, or has a field of those we need twice. */
function parseHead(text: string): AnswerHead | undefined {
  const [start = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3})(?: (.*))?$/.exec(start);
  if (!status) return undefined;
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    const name = field?.[1]?.toLowerCase();
    if (name === undefined || name in headers) return undefined;
    headers[name] = field?.[2] ?? '';
  }
  return { status: Number(status[1]), statusText: `${status[1]} ${status[2] ?? ''}`.trim(), headers };
}

function isShortError(head: AnswerHead): boolean {
  if (head.status >= 500) return true;
  const length = plainLength(head, false);
  return head.status >= 400 && length !== undefined && length <= MAX_ERROR_BODY;
}

/** The length of an error, or of a body that is nothing but the bytes that were asked for. */
export function plainLength({ status, headers }: AnswerHead, ranged: boolean): number | undefined {
  if (status < 400 && status !== (ranged ? 206 : 200)) return undefined;
  if ('transfer-encoding' in headers) return undefined;
  if (!/^(identity)?$/i.test(headers['content-encoding'] ?? '')) return undefined;
  const length = headers['content-length'] ?? '';
  return /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}
