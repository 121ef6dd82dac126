import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Hijack, RAW_STREAM } from './hijack.ts';
import type { Reply } from './reply.ts';
import { responseSignal, sendReply } from './send.ts';
import { writeAndDrain } from './writer.ts';

/**
 * A hijack route that is spoken to as ordinary HTTP: a second request on a kept connection, or a chunked body as
 * input. The answer's body is the output, the request's body the input.
 */
export class PlainHijack implements Hijack {
  readonly upgraded = false;
  readonly signal: AbortSignal;
  readonly input: AsyncIterable<Uint8Array>;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.signal = responseSignal(response);
    this.input = request;
    this.#response = response;
  }

  accept(): void {
    this.#response.writeHead(200, { 'Content-Type': RAW_STREAM });
    this.#response.flushHeaders();
  }

  refuse(status: number, contentType: string, text: string): void {
    this.#response.writeHead(status, { 'Content-Type': contentType });
    this.#response.end(`${text}\r\n`);
  }

  reply(reply: Reply): Promise<void> {
    return sendReply(this.#response, reply);
  }

  write(data: Uint8Array): Promise<void> {
    return writeAndDrain(this.#response, data);
  }

  end(): void {
    if (!this.#response.writableEnded) this.#response.end();
  }
}
