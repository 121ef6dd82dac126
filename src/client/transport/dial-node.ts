import type { Socket } from 'node:net';
import { type Connection, InboundQueue } from './connection.ts';
import type { Endpoint, TlsOptions } from './endpoint.ts';

/** Opens connections with `node:net` and `node:tls`: works on Node and Bun alike. */
export async function dialNode(endpoint: Endpoint): Promise<Connection> {
  if (endpoint.kind === 'tcp' && endpoint.tls)
    return open(await connectTls(endpoint, endpoint.tls), 'secureConnect');
  const net = await import('node:net');
  const socket =
    endpoint.kind === 'unix'
      ? net.connect({ path: endpoint.path, allowHalfOpen: true })
      : net.connect({ host: endpoint.host, port: endpoint.port, allowHalfOpen: true });
  return open(socket, 'connect');
}

async function connectTls(endpoint: { host: string; port: number }, options: TlsOptions): Promise<Socket> {
  const [tls, fs] = await Promise.all([import('node:tls'), import('node:fs')]);
  const pem = (path: string | undefined) => (path && fs.existsSync(path) ? fs.readFileSync(path) : undefined);
  const files = { ca: pem(options.ca), cert: pem(options.cert), key: pem(options.key) };
  return tls.connect({
    ...(files.ca ? { ca: files.ca } : {}),
    ...(files.cert && files.key ? { cert: files.cert, key: files.key } : {}),
    host: endpoint.host,
    port: endpoint.port,
    servername: /^[\d.]+$|:/.test(endpoint.host) ? '' : endpoint.host,
    rejectUnauthorized: options.verify,
  });
}

function open(socket: Socket, ready: 'connect' | 'secureConnect'): Promise<Connection> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once(ready, () => {
      socket.off('error', reject);
      resolve(new NodeConnection(socket));
    });
  });
}

class NodeConnection implements Connection {
  readonly #socket: Socket;
  readonly #inbound: InboundQueue;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#inbound = new InboundQueue(socket);
    socket.on('data', (chunk: Buffer) => this.#inbound.push(chunk));
    socket.on('end', () => this.#inbound.finish());
    socket.on('error', (error) => this.#inbound.finish(error));
    socket.on('close', () => this.#inbound.finish());
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  end(): void {
    this.#socket.end();
  }

  read(): Promise<Uint8Array | null> {
    return this.#inbound.read();
  }

  close(): void {
    this.#socket.destroy();
    this.#inbound.finish();
  }
}
