import { createServer, type Server, type Socket } from 'node:net';

/** One request that the fake got, and the means to answer it badly. */
export interface FakeRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  socket: Socket;
  /** How many requests came before this one. */
  index: number;
  reply(status: number, body?: string | Uint8Array, headers?: Record<string, string>): void;
  /** Promises `length` bytes and sends only `part`; the connection stays open. */
  begin(length: number, part: Uint8Array, headers?: Record<string, string>): void;
}

/**
 * An HTTP server for tests, on a raw socket so that it can truncate, reset, stall and lie. It keeps what it was asked
 * in `requests`.
 */
export class FakeRegistry implements AsyncDisposable {
  readonly requests: FakeRequest[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(handler: (request: FakeRequest) => void) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
      let pending: Buffer = Buffer.alloc(0);
      socket.on('data', (data: Buffer) => {
        pending = Buffer.concat([pending, data]);
        for (let request = parse(pending); request; request = parse(pending)) {
          pending = pending.subarray(request.length);
          const full = this.#complete(request, socket);
          this.requests.push(full);
          handler(full);
        }
      });
    });
  }

  /** Starts one on a free port of the loopback address. */
  static async start(handler: (request: FakeRequest) => void): Promise<FakeRegistry> {
    const fake = new FakeRegistry(handler);
    const { promise, resolve } = Promise.withResolvers<void>();
    fake.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    return fake;
  }

  /** `127.0.0.1:PORT` */
  get host(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `127.0.0.1:${address.port}`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  #complete(parsed: Parsed, socket: Socket): FakeRequest {
    const send = (status: number, length: number, body: Uint8Array, headers: Record<string, string>) => {
      const lines = Object.entries({ 'content-length': String(length), ...headers }).map(
        ([k, v]) => `${k}: ${v}`,
      );
      socket.write(`HTTP/1.1 ${status} ${REASONS[status] ?? 'X'}\r\n${lines.join('\r\n')}\r\n\r\n`);
      if (parsed.method !== 'HEAD') socket.write(body);
    };
    return {
      ...parsed,
      socket,
      index: this.requests.length,
      reply: (status, body = '', headers = {}) => {
        const bytes = Buffer.from(body);
        send(status, bytes.length, bytes, headers);
      },
      begin: (length, part, headers = {}) =>
        send(headers['content-range'] ? 206 : 200, length, part, headers),
    };
  }
}

const REASONS: Record<number, string> = { 200: 'OK', 404: 'Not Found', 500: 'Internal Server Error' };

interface Parsed {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  length: number;
}

function parse(buffer: Buffer): Parsed | undefined {
  const end = buffer.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = buffer.subarray(0, end).toString().split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const length = end + 4 + Number(headers['content-length'] ?? 0);
  if (buffer.length < length) return undefined;
  return { method, path, headers, body: buffer.subarray(end + 4, length).toString(), length };
}
