import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { dialError, joinHostPort } from './address.ts';

/** A UDP socket to one receiver. */
export class Datagrams implements Disposable {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Looks the receiver up and connects. Nobody needs to listen there. */
  static async open(host: string, port: number): Promise<Datagrams> {
    try {
      const name = host === '' ? '127.0.0.1' : host;
      const address = isIP(name) ? name : (await lookup(name)).address;
      const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
      // Nobody listens, as the answer to an earlier one says; UDP is like that.
      socket.on('error', () => {});
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.connect(port, address, () => {
          socket.removeListener('error', reject);
          resolve();
        });
      });
      socket.unref();
      return new Datagrams(socket);
    } catch (error) {
      throw dialError('udp', joinHostPort(host, port), error);
    }
  }

  /** Sends one. A receiver that is not there is no error. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(bytes, (error) => {
        const code = (error as NodeJS.ErrnoException | null)?.code;
        if (error && code !== 'ECONNREFUSED') reject(error);
        else resolve();
      });
    });
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
