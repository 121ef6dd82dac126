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

  /** Nobody asked to switch: what would be sent then is the body of a refusal. */
  switchTo(head: string): void {
    const [first = '', ...text] = head.split('\r\n\r\n');
    this.#response.writeHead(Number(first.split(' ')[1]), { 'Content-Type': 'text/plain; charset=utf-8' });
    this.#response.end(text.join(''));
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
