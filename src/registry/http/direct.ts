import { connect, type Socket } from 'node:net';
import { type BlobPiece, LentSocket, type TakeDescriptor } from '../lent-socket.ts';
import { plainLength, readHead } from './answer-head.ts';
import type { Answer, ExchangeLimits, Outgoing } from './exchange.ts';
import { connectSecurely, SecureIncoming, type TlsSettings } from './secure-answer.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: what may not stand in a header
const UNSAFE = /[\x00-\x1f\x7f]/;

/** Origins whose answers were not of the plain kind: redirects to storage, chunks, challenges. By who asks. */
const ordinary = new WeakMap<TakeDescriptor, Set<string>>();

/**
 * A GET whose body does not go through the HTTP client, for a reader with a thread of its own: half the CPU time of a
 * pull would be spent on that. Without TLS the body stays in the socket, whose descriptor is lent; with `tls` it comes in
 * the large pieces that the TLS socket has.
 * Only for answers of the plainest kind (200, or 206 to a Range, of a known length) and for short errors. Gives
 * undefined for any other, and the request is made again in the ordinary way. Rejects as `exchange` does: nobody there
 * is one try, not two.
 */
export async function directly(
  outgoing: Outgoing,
  take: TakeDescriptor,
  limits: ExchangeLimits,
  tls?: TlsSettings,
): Promise<Answer | undefined> {
  const { url, headers, signal } = outgoing;
  const known = ordinary.get(take) ?? new Set();
  ordinary.set(take, known);
  const safe = Object.values(headers).every((value) => !UNSAFE.test(value));
  if (known.has(url.origin) || !safe || signal?.aborted) return undefined;
  const answer = await (tls ? securely(outgoing, limits, tls) : barely(outgoing, take, limits));
  if (!answer) known.add(url.origin);
  return answer;
}

async function barely(
  outgoing: Outgoing,
  take: TakeDescriptor,
  limits: ExchangeLimits,
): Promise<Answer | undefined> {
  const { url, headers } = outgoing;
  const socket = connect(Number(url.port || 80), url.hostname.replace(/^\[|\]$/g, ''));
  // Race: nothing may be read here once the descriptor is another's, so this socket ends in the same breath.
  const read = await readHead(outgoing, { socket, secure: false }, limits, () => takeOver(socket, take));
  if (!read) return undefined;
  const { head, first, rest } = read;
  if (rest === undefined) return { url, ...head, body: new ErrorBody(first) };
  const length = plainLength(head, 'range' in headers);
  const isPlain = length !== undefined && first.length <= length;
  const lent = new LentSocket(rest, isPlain ? length - first.length : 0, limits.stallMs);
  if (isPlain) return { url, ...head, body: new LentBody(first, lent) };
  lent.release();
  return undefined;
}

async function securely(
  outgoing: Outgoing,
  limits: ExchangeLimits,
  tls: TlsSettings,
): Promise<Answer | undefined> {
  const { url, headers, signal } = outgoing;
  const socket = connectSecurely(url, tls);
  const read = await readHead(outgoing, { socket, secure: true }, limits, () => new SecureIncoming(socket));
  if (!read) return undefined;
  const { head, first, rest } = read;
  if (!rest) return { url, ...head, body: new ErrorBody(first) };
  const length = plainLength(head, 'range' in headers);
  if (length !== undefined && first.length <= length) {
    return { url, ...head, body: rest.begin({ first, length, url, stallMs: limits.stallMs, signal }) };
  }
  rest.destroy();
  return undefined;
}

function takeOver(socket: Socket, take: TakeDescriptor): number | undefined {
  const fd = take(socket);
  socket.removeAllListeners('data');
  socket.destroy();
  return fd;
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
