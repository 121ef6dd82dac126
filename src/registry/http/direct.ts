import type { IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type BlobPiece, LentSocket, type TakeDescriptor } from '../lent-socket.ts';
import type { Answer, ExchangeLimits, Outgoing } from './exchange.ts';
import { TransportError, timedOut, transportError } from './transport-error.ts';

const MAX_HEAD = 64 << 10;
/** Longest answer of an error; longer ones take the ordinary way. */
const MAX_ERROR_BODY = 64 << 10;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
// biome-ignore lint/suspicious/noControlCharactersInRegex: what may not stand in a header
const UNSAFE = /[\x00-\x1f\x7f]/;

/** Origins whose answers were not of the plain kind: redirects to storage, chunks, challenges. By who asks. */
const ordinary = new WeakMap<TakeDescriptor, Set<string>>();

/**
 * A GET over plain HTTP whose body stays in the socket, for a reader with a thread of its own: half the CPU time of a
 * pull from a registry without TLS would be spent on carrying bytes through the HTTP client to that thread.
 * Only for answers of the plainest kind (200, or 206 to a Range, of a known length) and for short errors. Gives
 * undefined for any other, and the request is made again in the ordinary way. Rejects as `exchange` does: nobody there
 * is one try, not two.
 */
export async function directly(
  outgoing: Outgoing,
  take: TakeDescriptor,
  limits: ExchangeLimits,
): Promise<Answer | undefined> {
  const { url, headers, signal } = outgoing;
  const known = ordinary.get(take) ?? new Set();
  ordinary.set(take, known);
  const safe = Object.values(headers).every((value) => !UNSAFE.test(value));
  if (known.has(url.origin) || !safe || signal?.aborted) return undefined;
  const head = await readHead(outgoing, take, limits);
  const length = head && plainLength(head, 'range' in headers);
  if (!head || length === undefined || (head.socket && head.first.length > length)) {
    head?.socket?.release();
    known.add(url.origin);
    return undefined;
  }
  if (!head.socket) return { url, ...head, body: new ErrorBody(head.first) };
  const socket = new LentSocket(head.socket.take(), length - head.first.length, limits.stallMs);
  const { status, statusText } = head;
  return { url, status, statusText, headers: head.headers, body: new LentBody(head.first, socket) };
}

type HeadOnly = Pick<Head, 'status' | 'statusText' | 'headers'>;

interface Head {
  status: number;
  statusText: string;
  headers: IncomingHttpHeaders;
  /** What came of the body together with the head; of an error all of it. */
  first: Buffer;
  /** Where the rest is; undefined for an error. */
  socket: LentSocket | undefined;
}

/**
 * Sends the request; resolves when the head is there, at which the descriptor has been taken over, or all of an error
 * is. Undefined for what is no plain HTTP.
 */
function readHead(
  outgoing: Outgoing,
  take: TakeDescriptor,
  limits: ExchangeLimits,
): Promise<Head | undefined> {
  const { url, signal } = outgoing;
  const { promise, resolve, reject } = Promise.withResolvers<Head | undefined>();
  const socket = connect(Number(url.port || 80), url.hostname.replace(/^\[|\]$/g, ''));
  const end = (error?: TransportError) => {
    socket.destroy();
    if (error) reject(error);
    else resolve(undefined);
  };
  const abort = () => end(new TransportError('GET', url, 'cancelled', 'context canceled'));
  const expire = () => end(timedOut('GET', url, socket.connecting ? 'dial' : 'head'));
  const timer = setTimeout(expire, limits.headMs);
  signal?.addEventListener('abort', abort, { once: true });
  let received: Buffer = Buffer.alloc(0);
  socket.on('connect', () => socket.write(requestText(outgoing)));
  socket.on('error', (error) => reject(transportError('GET', url, error)));
  socket.on('close', () => reject(new TransportError('GET', url, 'reset', 'EOF')));
  socket.on('data', (bytes: Buffer) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    const length = received.indexOf(END_OF_HEAD);
    if (length < 0) {
      if (received.length > MAX_HEAD) end();
      return;
    }
    const head = parseHead(received.toString('latin1', 0, length));
    const first = received.subarray(length + END_OF_HEAD.length);
    if (head && isShortError(head)) {
      const size = plainLength(head, false) ?? 0;
      if (first.length < size) return;
      resolve({ ...head, first: first.subarray(0, size), socket: undefined });
      socket.destroy();
      return;
    }
    // Race: nothing may be read here once the descriptor is another's, so this socket ends in the same breath.
    const fd = head && takeOver(socket, take);
    if (!head || fd === undefined) end();
    else resolve({ ...head, first, socket: new LentSocket(fd, 0, 0) });
  });
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  });
}

function takeOver(socket: Socket, take: TakeDescriptor): number | undefined {
  const fd = take(socket);
  socket.removeAllListeners('data');
  socket.destroy();
  return fd;
}

function requestText({ url, headers }: Outgoing): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n${lines.join('')}connection: close\r\n\r\n`;
}

/** Spec: RFC 9112, sections 4 and 5. Undefined for what is not strictly so, or has a field of those we need twice. */
function parseHead(text: string): HeadOnly | undefined {
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

function isShortError(head: HeadOnly): boolean {
  const length = plainLength(head, false);
  return head.status >= 400 && length !== undefined && length <= MAX_ERROR_BODY;
}

/** The length of an error, or of a body that is nothing but the bytes that were asked for. */
function plainLength({ status, headers }: HeadOnly, ranged: boolean): number | undefined {
  if (status < 400 && status !== (ranged ? 206 : 200)) return undefined;
  if ('transfer-encoding' in headers) return undefined;
  if (!/^(identity)?$/i.test(headers['content-encoding'] ?? '')) return undefined;
  const length = headers['content-length'] ?? '';
  return /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

/** As `Body`, of an error that is all there. */
class ErrorBody {
  readonly #all: Buffer;

  constructor(all: Buffer) {
    this.#all = all;
  }

  async *chunks(): AsyncGenerator<BlobPiece, void, void> {
    yield this.#all;
  }

  bytes(maxBytes: number): Promise<Buffer | undefined> {
    return Promise.resolve(this.#all.length > maxBytes ? undefined : this.#all);
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): void {}
}

/** As `Body`, of an answer whose bytes are still in the socket. */
class LentBody {
  readonly #first: Buffer;
  readonly #socket: LentSocket;

  constructor(first: Buffer, socket: LentSocket) {
    this.#first = first;
    this.#socket = socket;
  }

  async *chunks(): AsyncGenerator<BlobPiece, void, void> {
    try {
      if (this.#first.length > 0) yield this.#first;
      if (this.#socket.length > 0) yield this.#socket;
    } finally {
      this.destroy();
    }
  }

  bytes(): Promise<undefined> {
    this.destroy();
    return Promise.resolve(undefined);
  }

  discard(): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  destroy(): void {
    this.#socket.release();
  }
}
