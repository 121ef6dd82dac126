import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { silentLogger } from '../../base/mod.ts';
import type { ApiBackends } from '../routes/all-routes.ts';
import { type ApiServer, createApiServer } from '../server.ts';
import { type FakeEngine, fakeBackends } from './fake-backends.ts';

/** A server on a unix socket of its own, over fakes. Use with `await using`. */
export class ApiFixture implements AsyncDisposable {
  readonly engine: FakeEngine;
  readonly socketPath: string;
  readonly server: ApiServer;
  readonly #directory: string;

  private constructor(directory: string, server: ApiServer, engine: FakeEngine) {
    this.#directory = directory;
    this.socketPath = join(directory, 'api.sock');
    this.server = server;
    this.engine = engine;
  }

  static async start(overrides: Partial<ApiBackends> = {}): Promise<ApiFixture> {
    const directory = mkdtempSync('/tmp/minke-api-');
    const { backends, engine } = fakeBackends(overrides);
    const server = createApiServer({
      backends,
      serverVersion: '0.1.0',
      cgroupUnified: false,
      log: silentLogger,
    });
    const fixture = new ApiFixture(directory, server, engine);
    await server.listen([`unix://${fixture.socketPath}`]);
    return fixture;
  }

  connect(): Socket {
    const socket = connect({ path: this.socketPath, allowHalfOpen: true });
    socket.on('error', () => {});
    return socket;
  }

  /** Sends `bytes` and gives everything up to the end of the connection, without the Date header. */
  async raw(bytes: string): Promise<string> {
    const socket = this.connect();
    socket.write(bytes);
    const all: Buffer[] = [];
    for await (const chunk of socket) all.push(chunk);
    socket.destroy();
    return Buffer.concat(all)
      .toString('latin1')
      .replace(/Date: [^\r]*\r\n/, '');
  }

  /** One request on a connection that the server closes. */
  async request(
    method: string,
    path: string,
    options: { body?: string; headers?: Record<string, string> } = {},
  ) {
    const { body = '', headers = {} } = options;
    const lines = Object.entries({
      Host: 'docker',
      Connection: 'close',
      ...(body === ''
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) }),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    const text = await this.raw(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
    return parseResponse(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export interface RawResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export function parseResponse(text: string): RawResponse {
  const split = text.indexOf('\r\n\r\n');
  const [line = '', ...lines] = text.slice(0, split).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((header) => [
      header.slice(0, header.indexOf(':')).toLowerCase(),
      header.slice(header.indexOf(':') + 2),
    ]),
  );
  const rest = text.slice(split + 4);
  const body = headers['transfer-encoding'] === 'chunked' ? dechunk(rest) : rest;
  return { status: Number(line.split(' ')[1]), headers, body };
}

function dechunk(text: string): string {
  let body = '';
  for (let at = 0; ; ) {
    const end = text.indexOf('\r\n', at);
    const size = end < 0 ? 0 : Number.parseInt(text.slice(at, end), 16);
    if (!size) return body;
    body += text.slice(end + 2, end + 2 + size);
    at = end + 4 + size;
  }
}
