import { EventEmitter } from 'node:events';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { Body } from './body.ts';
import type { Trust } from './certificates.ts';
import { TransportError } from './transport-error.ts';

/** How a peer is trusted. */
export interface TlsSettings extends Trust {
  rejectUnauthorized: boolean;
}

/** A TLS connection to the host of `url`; `secureConnect` says that the peer is who it should be. */
export function connectSecurely(url: URL, tls: TlsSettings): TLSSocket {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connect({ ...tls, ...name, host, port: Number(url.port || 443) });
}

/** The body of an answer on a connection of its own, as `Body` reads it: so many bytes, and no framing. */
export class SecureIncoming extends EventEmitter {
  readonly #socket: TLSSocket;
  #left = 0;

  /** The socket has no other reader; nothing of it is lost until `begin`. */
  constructor(socket: TLSSocket) {
    super();
    this.#socket = socket;
    socket.pause();
  }

  /** All of it has come. */
  get complete(): boolean {
    return this.#left === 0;
  }

  /** `first` are those of the `length` bytes that came together with the head. The signal ends it. */
  begin(what: {
    first: Buffer;
    length: number;
    url: URL;
    stallMs: number;
    signal: AbortSignal | undefined;
  }): Body {
    const { first, length, url, stallMs, signal } = what;
    const socket = this.#socket;
    this.#left = length;
    const body = new Body(this, socket, url, stallMs);
    const abort = () => body.destroy(new TransportError('GET', url, 'cancelled', 'context canceled'));
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    socket.on('close', () => {
      signal?.removeEventListener('abort', abort);
      this.emit('close');
    });
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    this.#take(first);
    return body;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    const piece = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= piece.length;
    if (piece.length > 0) this.emit('data', piece);
    if (this.#left > 0) return;
    this.emit('end');
    this.#socket.destroy();
  }
}
