import type { Hijack } from '../http/hijack.ts';
import { FrameDecoder, OPCODE, WebSocketError } from './frame-decoder.ts';
import { serverFrameHead } from './frame-encoder.ts';

const NORMAL = 1000;
const PROTOCOL_ERROR = 1002;

/** A hijacked connection that speaks WebSocket: a pipe of bytes to who uses it, each write one message. */
export class WebSocketPipe {
  readonly #connection: Hijack;
  readonly #opcode: number;
  readonly #closed = new AbortController();
  /** Aborts when the client is gone or has closed; a WebSocket has no half-close. */
  readonly signal: AbortSignal;
  #closeSent = false;

  /** The handshake is done. `text` sends text messages, which browsers of API 1.27 expect. */
  constructor(connection: Hijack, options: { text: boolean }) {
    this.#connection = connection;
    this.#opcode = options.text ? OPCODE.text : OPCODE.binary;
    this.signal = AbortSignal.any([connection.signal, this.#closed.signal]);
  }

  /** What the client's messages hold; answers its pings. Ends when it closes. */
  get input(): AsyncIterable<Uint8Array> {
    return this.#input();
  }

  async *#input(): AsyncGenerator<Uint8Array> {
    const decoder = new FrameDecoder();
    try {
      for await (const chunk of this.#connection.input) {
        for (const frame of decoder.push(chunk)) {
          if (frame.kind === 'data') yield frame.payload;
          else if (frame.kind === 'ping') await this.#send(OPCODE.pong, frame.payload);
          else {
            this.#close(frame.payload.subarray(0, 2));
            return;
          }
        }
      }
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error;
      this.#close(statusCode(PROTOCOL_ERROR));
    } finally {
      this.#closed.abort();
    }
  }

  /** Resolves when there is room for more; rejects when the client is gone. */
  write(data: Uint8Array): Promise<void> {
    return this.#send(this.#opcode, data);
  }

  /** Closes, with all that was written still delivered. Idempotent. */
  end(): void {
    this.#close(statusCode(NORMAL));
    this.#connection.end();
  }

  #send(opcode: number, payload: Uint8Array): Promise<void> {
    if (this.#closeSent) return Promise.resolve();
    return this.#connection.write(Buffer.concat([serverFrameHead(opcode, payload.length), payload]));
  }

  #close(payload: Uint8Array): void {
    void this.#send(OPCODE.close, payload).catch(() => {});
    this.#closeSent = true;
  }
}

function statusCode(code: number): Uint8Array {
  return Uint8Array.of(code >> 8, code & 0xff);
}
