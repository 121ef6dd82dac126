import { connect, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { EngineError } from '../../base/mod.ts';
import { type Address, dialError, joinHostPort } from './address.ts';

const CONNECT_MS = 10_000;

/** A stream to a receiver that is opened again when it broke. */
export class Connection {
  readonly #address: Address;
  readonly #tls: ConnectionOptions | undefined;
  #socket: Socket | undefined;
  #heard: ((bytes: Buffer) => void) | undefined;

  /** With `tls` what goes over it is encrypted. */
  constructor(address: Address, tls?: ConnectionOptions) {
    this.#address = address;
    this.#tls = tls;
  }

  /** Connects, unless it is connected. */
  async open(signal: AbortSignal): Promise<Socket> {
    const known = this.#socket;
    if (known && !known.destroyed && known.writable) return known;
    this.#socket = undefined;
    const socket = await this.#dial();
    socket.on('error', () => {});
    socket.once('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    // Unread answers would fill up, and the end of the other side would not be seen.
    socket.on('data', (bytes: Buffer) => this.#heard?.(bytes));
    socket.setNoDelay(true);
    socket.unref();
    this.#socket = socket;
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    return socket;
  }

  /** Writes all of it; resolves when the kernel has it. */
  async write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const socket = await this.open(signal);
    try {
      await new Promise<void>((resolve, reject) => {
        const onClose = () => reject(new EngineError('unavailable', 'the receiver closed the connection'));
        socket.once('close', onClose);
        socket.write(bytes, (error) => {
          socket.removeListener('close', onClose);
          if (error) reject(error);
          else resolve();
        });
      });
    } catch (error) {
      this.drop();
      throw error;
    }
  }

  /** Calls back with each piece that the receiver says. */
  hear(callback: ((bytes: Buffer) => void) | undefined): void {
    this.#heard = callback;
  }

  /** Gives the connection up; the next write opens another. */
  drop(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  /** Ends it in order: what was written still goes out. */
  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      socket.end(() => resolve());
      socket.once('close', () => resolve());
      setTimeout(resolve, 1000).unref();
    });
    socket.destroy();
  }

  async #dial(): Promise<Socket> {
    const address = this.#address;
    const where = 'path' in address ? address.path : joinHostPort(address.host, address.port);
    const target = 'path' in address ? { path: address.path } : { host: address.host, port: address.port };
    const socket = this.#tls
      ? (await import('node:tls')).connect({ ...target, ...this.#tls })
      : connect({ ...target });
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' }));
        }, CONNECT_MS);
        socket.once(this.#tls ? 'secureConnect' : 'connect', () => {
          clearTimeout(timer);
          resolve();
        });
        socket.once('error', (error) => {
          clearTimeout(timer);
          reject(error);
        });
        // TLS: the other side hung up in the middle of the handshake.
        socket.once('close', () => {
          clearTimeout(timer);
          reject(new Error('EOF'));
        });
      });
      socket.removeAllListeners('close');
      socket.removeAllListeners('error');
      return socket;
    } catch (error) {
      socket.on('error', () => {});
      socket.destroy();
      throw dialError(address.scheme === 'unix' ? 'unix' : 'tcp', where, error);
    }
  }
}
