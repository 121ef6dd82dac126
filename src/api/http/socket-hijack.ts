import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { watchHalfOpen } from './half-open.ts';
import { type Hijack, RAW_STREAM } from './hijack.ts';
import type { Reply } from './reply.ts';
import type { SocketInput } from './socket-input.ts';
import { writeAndDrain } from './writer.ts';

/** How long a client may keep its half open after we ended ours and all was delivered to the kernel. */
const LINGER_MS = 30_000;

/** A hijack on the bare socket: our bytes are all that the client sees. */
export class SocketHijack implements Hijack {
  readonly upgraded: boolean;
  readonly signal: AbortSignal;
  readonly input: AsyncIterable<Uint8Array>;
  readonly #socket: Socket;
  readonly #headers: Record<string, string>;
  #ended = false;

  constructor(
    socket: Socket,
    input: SocketInput,
    options: { upgraded: boolean; headers: Record<string, string> },
  ) {
    const aborter = new AbortController();
    this.upgraded = options.upgraded;
    this.signal = aborter.signal;
    this.input = input.rest();
    this.#socket = socket;
    this.#headers = options.headers;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on('close', () => aborter.abort());
    watchHalfOpen(socket, () => socket.destroy());
  }

  accept(options: { contentType: string; repeatHeaders: boolean }): void {
    const repeated = options.repeatHeaders ? headerLines(this.#headers) : '';
    // Compat: without Upgrade the content type is raw-stream even where the stream is framed.
    this.#socket.write(
      this.upgraded
        ? `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${options.contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${repeated}\r\n`
        : `HTTP/1.1 200 OK\r\nContent-Type: ${RAW_STREAM}\r\n${repeated}\r\n`,
    );
  }

  switchTo(head: string, options?: { end: boolean }): void {
    this.#socket.write(head);
    if (options?.end) this.end();
  }

  refuse(status: number, contentType: string, text: string): void {
    this.#socket.write(`${statusLine(status)}Content-Type: ${contentType}\r\n\r\n${text}\r\n`);
    this.end();
  }

  async reply(reply: Reply): Promise<void> {
    const head = (headers: Record<string, string>, status: number) =>
      this.#socket.write(
        `${statusLine(status)}${headerLines({ ...this.#headers, ...headers, Date: new Date().toUTCString(), Connection: 'close' })}\r\n`,
      );
    if (reply.kind === 'stream') {
      // Without a length the end of the connection is the end of the body.
      let begun = false;
      const begin = () => {
        if (!begun) head({ 'Content-Type': reply.contentType }, 200);
        begun = true;
      };
      await reply.run({
        begin,
        get begun() {
          return begun;
        },
        write: (data) => {
          begin();
          return writeAndDrain(this.#socket, data);
        },
      });
      begin();
    } else {
      const text = reply.kind === 'empty' ? '' : reply.text;
      const type: Record<string, string> =
        reply.kind === 'json'
          ? { 'Content-Type': 'application/json' }
          : reply.kind === 'text'
            ? { 'Content-Type': 'text/plain; charset=utf-8' }
            : {};
      head({ ...type, ...reply.headers, 'Content-Length': String(Buffer.byteLength(text)) }, reply.status);
      this.#socket.write(text);
    }
    this.end();
  }

  write(data: Uint8Array): Promise<void> {
    return writeAndDrain(this.#socket, data);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const socket = this.#socket;
    // Drop what still comes: an unread byte at close would reset a TCP connection before all was delivered.
    socket.removeAllListeners('data');
    socket.resume();
    socket.end(() => {
      if (socket.destroyed) return;
      const linger = setTimeout(() => socket.destroy(), LINGER_MS).unref();
      socket.once('close', () => clearTimeout(linger));
    });
  }
}

function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
}

function headerLines(headers: Record<string, string>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}
