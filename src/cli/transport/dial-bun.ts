import { type Connection, type Dial, dialNode, InboundQueue } from '../../client/mod.ts';

/**
 * Opens connections with `Bun.connect`, which costs a tenth of the CPU that loading `node:net` does
 * (docs/decisions). TLS and any other runtime go to the client's own way.
 */
export const dialBun: Dial = async (endpoint) => {
  const state: { connection?: BunConnection } = {};
  const socket = {
    binaryType: 'uint8array' as const,
    open: () => {},
    data: (_socket: unknown, chunk: Uint8Array) => state.connection?.received(chunk),
    drain: () => state.connection?.drained(),
    end: () => state.connection?.finished(),
    close: (_socket: unknown, error?: Error) => state.connection?.finished(error),
    error: (_socket: unknown, error: Error) => state.connection?.finished(error),
  };
  if (endpoint.kind === 'tcp' && endpoint.tls) return await dialNode(endpoint);
  const raw = await (endpoint.kind === 'unix'
    ? Bun.connect({ unix: endpoint.path, allowHalfOpen: true, socket })
    : Bun.connect({ hostname: endpoint.host, port: endpoint.port, allowHalfOpen: true, socket }));
  state.connection = new BunConnection(raw);
  return state.connection;
};

type RawSocket = Bun.Socket<unknown>;

class BunConnection implements Connection {
  readonly #socket: RawSocket;
  readonly #inbound: InboundQueue;
  #outbound: { rest: Uint8Array; resolve(): void; reject(error: Error): void }[] = [];
  #ending = false;
  #gone: Error | undefined;

  constructor(socket: RawSocket) {
    this.#socket = socket;
    this.#inbound = new InboundQueue({ pause: () => socket.pause(), resume: () => socket.resume() });
  }

  received(chunk: Uint8Array): void {
    // Why: Bun may use the chunk's memory again after the callback.
    this.#inbound.push(chunk.slice());
  }

  drained(): void {
    for (let first = this.#outbound[0]; first; first = this.#outbound[0]) {
      const taken = this.#socket.write(first.rest);
      if (taken < 0) {
        this.finished(new Error('write: broken pipe'));
        return;
      }
      first.rest = first.rest.subarray(taken);
      if (first.rest.length > 0) return;
      this.#outbound.shift();
      first.resolve();
    }
    if (this.#ending) this.#socket.shutdown();
  }

  finished(error?: Error): void {
    this.#gone ??= error ?? new Error('write: connection closed');
    this.#inbound.finish(error);
    if (this.#socket.readyState > 0) return;
    for (const waiting of this.#outbound.splice(0)) waiting.reject(this.#gone);
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState <= 0) return reject(this.#gone ?? new Error('write: connection closed'));
      this.#outbound.push({ rest: bytes, resolve, reject });
      if (this.#outbound.length === 1) this.drained();
    });
  }

  end(): void {
    this.#ending = true;
    if (this.#outbound.length === 0) this.#socket.shutdown();
  }

  read(): Promise<Uint8Array | null> {
    return this.#inbound.read();
  }

  close(): void {
    this.#socket.terminate();
    this.#inbound.finish();
  }
}
