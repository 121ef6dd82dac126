import { ApiError, ConnectionFailed, ConnectionLost } from './errors.ts';
import { ApiVersion } from './transport/api-version.ts';
import type { Connection, Dial } from './transport/connection.ts';
import { type Endpoint, hostFromEnv, parseEndpoint, type TlsOptions } from './transport/endpoint.ts';
import { encodeHead, type ResponseHead } from './transport/http.ts';
import { ConnectionPool, type Wire } from './transport/pool.ts';

export interface ApiOptions {
  /** `unix:///path`, `tcp://host:port`, `https://host`; without it MINKE_HOST, DOCKER_HOST, then Minke's socket. */
  host?: string;
  tls?: TlsOptions;
  /** Speak this API version and no other. */
  apiVersion?: string;
  /** Added to each request. */
  headers?: Record<string, string>;
  /** Opens connections; without it `node:net`. */
  dial?: Dial;
}

export type QueryValue = string | number | boolean | string[] | undefined;

export interface RequestOptions {
  query?: Record<string, QueryValue>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it comes, in chunks; instead of `body`. An answer may begin before it is all sent. */
  content?: AsyncIterable<Uint8Array>;
  headers?: Record<string, string>;
  /** Closes the connection, which cancels what the engine does for it. */
  signal?: AbortSignal;
}

/** An answer whose body has not been read yet. */
export interface ApiResponse {
  status: number;
  headers: ResponseHead['headers'];
  /** The body as it arrives; leaving the loop early closes the connection. */
  body: AsyncIterable<Uint8Array>;
}

/** A connection taken over from HTTP. Output is framed unless there is a terminal; before API 1.42 no head says so. */
export interface Hijacked {
  write(bytes: Uint8Array): Promise<void>;
  /** No more input; output goes on. */
  end(): void;
  /** The next bytes of output; null at the end. */
  read(): Promise<Uint8Array | null>;
  close(): void;
}

type Exchange = Wire & { head: ResponseHead; reusable: boolean };

/** Requests to one engine: version in the path, JSON, errors, connections. The typed calls are built on it. */
export class Api implements Disposable {
  readonly host: string;
  readonly #endpoint: Endpoint;
  readonly #dial: Dial | undefined;
  readonly #pool: ConnectionPool;
  readonly #version: ApiVersion;
  readonly #headers: Record<string, string>;

  constructor(options: ApiOptions = {}) {
    this.host = options.host ?? hostFromEnv(process.env);
    this.#endpoint = parseEndpoint(this.host, options.tls);
    this.#dial = options.dial;
    this.#version = new ApiVersion(options.apiVersion);
    this.#headers = options.headers ?? {};
    this.#pool = new ConnectionPool(() => this.#connect());
  }

  /** The API version that is spoken; final after the first answer. */
  get apiVersion(): string {
    return this.#version.current;
  }

  /** Sends a request; throws ApiError for any status of 400 and above. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<ApiResponse> {
    const { signal } = options;
    const exchange = await this.#exchange(method, path, options, {});
    const { head } = exchange;
    return { status: head.status, headers: head.headers, body: this.#body(method, exchange, signal) };
  }

  /** Sends a request and reads the whole answer as JSON; undefined for an empty one. */
  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const text = await this.text(method, path, options);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Sends a request and reads the whole answer as text. */
  async text(method: string, path: string, options: RequestOptions = {}): Promise<string> {
    return await readText((await this.request(method, path, options)).body);
  }

  /** Sends a request whose connection becomes a byte stream both ways. Spec: Engine API, "Hijacking". */
  async hijack(method: string, path: string, options: RequestOptions = {}): Promise<Hijacked> {
    const upgrade = { Connection: 'Upgrade', Upgrade: 'tcp' };
    const { connection, reader } = await this.#exchange(method, path, options, upgrade);
    return {
      write: (bytes) => connection.write(bytes),
      end: () => connection.end(),
      read: () => reader.raw(),
      close: () => connection.close(),
    };
  }

  [Symbol.dispose](): void {
    this.#pool.close();
  }

  async #exchange(
    method: string,
    path: string,
    options: RequestOptions,
    extra: Record<string, string>,
  ): Promise<Exchange> {
    // What is sent as it comes cannot be sent again, and the answer to a HEAD has no words: the version is settled before.
    if (options.content || method === 'HEAD') await this.text('GET', '/_ping');
    for (;;) {
      const sent = this.#version.current;
      const exchange = await this.#send(method, path, options, extra);
      const { status } = exchange.head;
      if (status < 400) return exchange;
      const message = errorMessage(
        await readText(this.#body(method, exchange, options.signal)),
        exchange.head,
      );
      if (!this.#version.lowered(sent, status, message)) throw new ApiError(status, message);
    }
  }

  async #send(
    method: string,
    path: string,
    options: RequestOptions,
    extra: Record<string, string>,
  ): Promise<Exchange> {
    options.signal?.throwIfAborted();
    const wire = await this.#pool.take();
    const abort = () => wire.connection.close();
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      await wire.connection.write(this.#encode(method, path, options, extra));
      const head = options.content
        ? await this.#sendContent(wire, options.content)
        : await wire.reader.head();
      if (head) return { ...wire, head, reusable: options.content === undefined };
      throw new ConnectionLost('EOF');
    } catch (error) {
      wire.connection.close();
      options.signal?.throwIfAborted();
      throw error;
    }
  }

  /** Sends a body and waits for the head of the answer, whichever is first done. */
  async #sendContent(wire: Wire, content: AsyncIterable<Uint8Array>): Promise<ResponseHead | null> {
    const { marked, sendContent, SourceFailed } = await import('./transport/send-content.ts');
    const sending = sendContent(wire.connection, marked(content)).then(
      () => undefined,
      (error: unknown) => {
        if (!(error instanceof SourceFailed)) return;
        wire.connection.close();
        throw error.cause;
      },
    );
    sending.catch(() => {});
    const head = wire.reader.head();
    const first = await Promise.race([head, sending.then(() => head)]);
    return first;
  }

  #encode(method: string, path: string, options: RequestOptions, extra: Record<string, string>): Uint8Array {
    const base = this.#endpoint.kind === 'tcp' ? this.#endpoint.basePath : '';
    const target = `${base}/v${this.#version.current}${path}${encodeQuery(options.query)}`;
    const body =
      options.body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(options.body));
    const head = encodeHead(method, target, {
      Host: this.#endpoint.kind === 'tcp' ? `${this.#endpoint.host}:${this.#endpoint.port}` : 'api.minke',
      ...this.#headers,
      ...options.headers,
      ...(body ? { 'Content-Type': 'application/json' } : {}),
      ...(options.content ? { 'Transfer-Encoding': 'chunked', 'Content-Type': 'application/x-tar' } : {}),
      ...(body || (method === 'POST' && !options.content)
        ? { 'Content-Length': String(body?.length ?? 0) }
        : {}),
      ...extra,
    });
    if (!body) return head;
    const message = new Uint8Array(head.length + body.length);
    message.set(head);
    message.set(body, head.length);
    return message;
  }

  async *#body(method: string, wire: Exchange, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    let reusable = false;
    try {
      reusable = yield* wire.reader.body(method, wire.head);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      if (reusable && wire.reusable && !signal) this.#pool.give(wire);
      else wire.connection.close();
    }
  }

  async #connect(): Promise<Connection> {
    try {
      const dial = this.#dial ?? (await import('./transport/dial-node.ts')).dialNode;
      return await dial(this.#endpoint);
    } catch (cause) {
      throw new ConnectionFailed(this.host, cause);
    }
  }
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

function encodeQuery(query: Record<string, QueryValue> | undefined): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === false || value === '') continue;
    const values = Array.isArray(value) ? value : [value === true ? '1' : String(value)];
    for (const one of values) pairs.push(`${name}=${encodeURIComponent(one)}`);
  }
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

function errorMessage(text: string, head: ResponseHead): string {
  try {
    const parsed = JSON.parse(text) as { message?: unknown };
    if (typeof parsed.message === 'string') return parsed.message;
  } catch {
    // not JSON: a proxy, or an engine of before API 1.24
  }
  return text.trim() || `request returned status ${head.status}`;
}
