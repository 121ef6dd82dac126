import { ConnectionLost } from '../errors.ts';
import type { Connection } from './connection.ts';

/** Status line and headers (names in lower case) of an answer. */
export interface ResponseHead {
  status: number;
  headers: Map<string, string>;
}

const MAX_HEAD = 256 * 1024;
const encoder = new TextEncoder();
const latin1 = new TextDecoder('latin1');

/** Writes the head of a request. A line break in a value would be a header of somebody else's: refused. */
export function encodeHead(method: string, target: string, headers: Record<string, string>): Uint8Array {
  let text = `${method} ${target} HTTP/1.1\r\n`;
  for (const [name, value] of Object.entries(headers))
    text += `${name}: ${value.replace(/[\r\n]/g, ' ')}\r\n`;
  return encoder.encode(`${text}\r\n`);
}

/**
 * Reads answers off one connection, one after the other. Spec: RFC 9112, sections 6 and 7.
 * Why not: node:http. Loading and using it costs the CLI as much CPU as all the rest (docs/decisions).
 */
export class ResponseReader {
  readonly #connection: Connection;
  #buffer: Uint8Array = new Uint8Array(0);

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The next head; null if the peer closed before a byte of it. Informational answers except 101 are skipped. */
  async head(): Promise<ResponseHead | null> {
    for (;;) {
      const text = await this.#headText();
      if (text === null) return null;
      const lines = text.split('\r\n');
      const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(lines[0] ?? '')?.[1]);
      if (!status) throw new ConnectionLost(`malformed HTTP response "${(lines[0] ?? '').slice(0, 80)}"`);
      if (status < 200 && status !== 101) continue;
      const headers = new Map<string, string>();
      for (const line of lines.slice(1)) {
        const colon = line.indexOf(':');
        if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
      }
      return { status, headers };
    }
  }

  /** The body that belongs to `head`. Returns true from the generator if the connection may be used again. */
  async *body(method: string, head: ResponseHead): AsyncGenerator<Uint8Array, boolean> {
    const keep = head.headers.get('connection')?.toLowerCase() !== 'close';
    if (method === 'HEAD' || head.status === 204 || head.status === 304) return keep;
    if (head.headers.get('transfer-encoding')?.toLowerCase().includes('chunked')) {
      yield* this.#chunked();
      return keep;
    }
    const length = head.headers.get('content-length');
    if (length !== undefined) {
      yield* this.#exactly(Number(length));
      return keep;
    }
    for (let chunk = await this.raw(); chunk; chunk = await this.raw()) yield chunk;
    return false;
  }

  /** The next bytes as they are, first what was read too far: for a hijacked connection. */
  async raw(): Promise<Uint8Array | null> {
    if (this.#buffer.length > 0) {
      const bytes = this.#buffer;
      this.#buffer = new Uint8Array(0);
      return bytes;
    }
    return await this.#connection.read();
  }

  async *#chunked(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const size = Number.parseInt(await this.#line(), 16);
      if (Number.isNaN(size)) throw new ConnectionLost('malformed chunked encoding');
      if (size === 0) break;
      yield* this.#exactly(size);
      await this.#line();
    }
    while ((await this.#line()) !== '') {
      // trailers
    }
  }

  async *#exactly(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; ) {
      const bytes = await this.raw();
      if (!bytes) throw new ConnectionLost();
      if (bytes.length > left) this.#buffer = bytes.subarray(left);
      const take = bytes.length > left ? bytes.subarray(0, left) : bytes;
      left -= take.length;
      yield take;
    }
  }

  async #line(): Promise<string> {
    return await this.#until([13, 10]).then((text) => {
      if (text === null) throw new ConnectionLost();
      return text;
    });
  }

  #headText(): Promise<string | null> {
    return this.#until([13, 10, 13, 10]);
  }

  async #until(mark: number[]): Promise<string | null> {
    for (let from = 0; ; ) {
      const at = indexOf(this.#buffer, mark, from);
      if (at >= 0) {
        const text = latin1.decode(this.#buffer.subarray(0, at));
        this.#buffer = this.#buffer.subarray(at + mark.length);
        return text;
      }
      if (this.#buffer.length > MAX_HEAD) throw new ConnectionLost('response header too long');
      from = Math.max(0, this.#buffer.length - mark.length + 1);
      const more = await this.#connection.read();
      if (!more) {
        if (this.#buffer.length > 0) throw new ConnectionLost();
        return null;
      }
      this.#buffer = concat(this.#buffer, more);
    }
  }
}

function indexOf(bytes: Uint8Array, mark: number[], from: number): number {
  for (let at = bytes.indexOf(mark[0] ?? 0, from); at >= 0; at = bytes.indexOf(mark[0] ?? 0, at + 1)) {
    if (mark.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
