import type { IncomingHttpHeaders } from 'node:http';
import type { ApiVersion } from './api-version.ts';
import { type BodySource, readJson } from './body.ts';
import type { Codec } from './go-json.ts';
import type { Query } from './query.ts';

/** A routed request: path parameters, query, version; the body is read when asked for. */
export class ApiRequest implements BodySource {
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly version: ApiVersion;
  readonly headers: IncomingHttpHeaders;
  readonly body: BodySource['body'];
  /** Aborts when the client has gone before it got its whole answer. */
  readonly signal: AbortSignal;

  constructor(init: {
    method: string;
    params: Record<string, string>;
    query: Query;
    version: ApiVersion;
    headers: IncomingHttpHeaders;
    body: BodySource['body'];
    signal: AbortSignal;
  }) {
    this.method = init.method;
    this.params = init.params;
    this.query = init.query;
    this.version = init.version;
    this.headers = init.headers;
    this.body = init.body;
    this.signal = init.signal;
  }

  get contentType(): string | undefined {
    return this.headers['content-type'];
  }

  get contentLength(): number | undefined {
    if (this.headers['transfer-encoding'] !== undefined) return undefined;
    return Number(this.headers['content-length'] ?? 0);
  }

  /** A path parameter; routes only ask for those that their pattern has. */
  param(name: string): string {
    return this.params[name] ?? '';
  }

  json<T>(codec: Codec<T>, options?: { required?: boolean }): Promise<T> {
    return readJson(this, codec, options);
  }
}
