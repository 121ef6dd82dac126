import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** What goes wrong with one request; the first of the list that matches is used up. */
export interface UploadFault {
  method: string;
  path: RegExp;
  /** `reset` after so many bytes of the body were kept, `answer` a status, `lose` does the work and gives no answer. */
  kind: 'reset' | 'answer' | 'lose' | 'hang';
  bytes?: number;
  status?: number;
  headers?: Record<string, string>;
  /** `answer` only once the body was read. */
  afterBody?: boolean;
  /** Used again and again. */
  always?: boolean;
}

/**
 * A registry to push to, in memory, that can go on with a broken upload as the OCI distribution spec describes it
 * (CNCF's own cannot), and that breaks where it is told to.
 */
export class UploadRegistry implements AsyncDisposable {
  readonly host: string;
  /** `METHOD path`, without what stands in upload URLs after the number. */
  readonly requests: string[] = [];
  readonly authorizations: (string | undefined)[] = [];
  /** Repository path and digest → bytes. */
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, { type: string; bytes: Buffer }>();
  /** Bytes of bodies that were read, of all uploads. */
  received = 0;
  readonly faults: UploadFault[];
  /** `0-0` for an upload that has nothing, as CNCF's says; else a broken upload is unknown. */
  resumable = true;
  readonly #uploads = new Map<string, Buffer[]>();
  readonly #server: Server;

  private constructor(server: Server, port: number, faults: UploadFault[]) {
    this.#server = server;
    this.host = `127.0.0.1:${port}`;
    this.faults = faults;
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async start(...faults: UploadFault[]): Promise<UploadRegistry> {
    const server = createServer();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    const at = server.address();
    return new UploadRegistry(server, typeof at === 'object' && at ? at.port : 0, faults);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: target = '' } = request;
    const url = new URL(target, `http://${this.host}`);
    this.requests.push(`${method} ${url.pathname.replace(/(uploads\/)./, '$1')}`);
    this.authorizations.push(request.headers.authorization);
    request.on('error', () => {});
    response.on('error', () => {});
    const fault = this.faults.find((one) => one.method === method && one.path.test(target));
    if (fault && !fault.always) this.faults.splice(this.faults.indexOf(fault), 1);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'answer') {
      if (fault.afterBody) await this.#read(request, [], undefined);
      // Node closes the connection where a body is left unread.
      response.writeHead(fault.status ?? 500, { connection: 'close', ...fault.headers }).end();
      return;
    }
    const [, name = '', upload] = /^\/v2\/(.+)\/blobs\/uploads\/(\w*)/.exec(url.pathname) ?? [];
    const kept = upload === undefined ? [] : (this.#uploads.get(upload) ?? []);
    if (method === 'PATCH' && !this.#uploads.has(upload ?? '')) {
      response.writeHead(404, { connection: 'close' }).end();
      return;
    }
    if (!(await this.#read(request, kept, fault))) {
      if (!this.resumable) this.#uploads.delete(upload ?? '');
      return;
    }
    const reply =
      upload === undefined ? this.#other(method, url, kept) : this.#upload(method, name, upload, url, kept);
    if (fault?.kind === 'lose') response.destroy();
    else response.writeHead(reply.status, { 'content-length': '0', ...reply.headers }).end();
  }

  /** False if the connection was broken in the middle. */
  async #read(request: IncomingMessage, kept: Buffer[], fault: UploadFault | undefined): Promise<boolean> {
    const { socket } = request;
    let length = 0;
    try {
      for await (const chunk of request) {
        const room = fault?.kind === 'reset' ? (fault.bytes ?? 0) - length : Number.POSITIVE_INFINITY;
        const part = (chunk as Buffer).subarray(0, room);
        kept.push(Buffer.from(part));
        length += part.length;
        this.received += part.length;
        if (part.length < (chunk as Buffer).length) break;
      }
    } catch {
      return false;
    }
    if (fault?.kind !== 'reset') return true;
    socket.resetAndDestroy();
    return false;
  }

  #upload(method: string, name: string, id: string, url: URL, kept: Buffer[]) {
    const size = kept.reduce((sum, part) => sum + part.length, 0);
    const location = (upload: string) => `/v2/${name}/blobs/uploads/${upload}?state=${size}`;
    if (method === 'POST') {
      const from = `${url.searchParams.get('from')} ${url.searchParams.get('mount')}`;
      const blob = this.blobs.get(from);
      if (blob) {
        this.blobs.set(`${name} ${url.searchParams.get('mount')}`, blob);
        return { status: 201, headers: {} };
      }
      const fresh = String(this.#uploads.size + 1);
      this.#uploads.set(fresh, []);
      return { status: 202, headers: { location: location(fresh), range: '0-0' } };
    }
    const known = this.#uploads.has(id);
    if (method === 'DELETE') this.#uploads.delete(id);
    if (!known) return { status: 404, headers: {} };
    const range = { location: location(id), range: `0-${Math.max(0, size - 1)}` };
    if (method === 'PATCH') return { status: 202, headers: range };
    if (method !== 'PUT') return { status: 204, headers: range };
    const bytes = Buffer.concat(kept);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (digest !== url.searchParams.get('digest')) return { status: 400, headers: {} };
    this.#uploads.delete(id);
    this.blobs.set(`${name} ${digest}`, bytes);
    return { status: 201, headers: { 'docker-content-digest': digest } };
  }

  #other(method: string, url: URL, kept: Buffer[]) {
    const [, name, kind, what = ''] = /^\/v2\/(.+)\/(blobs|manifests)\/([^/]+)$/.exec(url.pathname) ?? [];
    if (method === 'PUT' && kind === 'manifests') {
      this.manifests.set(`${name} ${what}`, { type: '', bytes: Buffer.concat(kept) });
      return { status: 201, headers: {} };
    }
    const blob = this.blobs.get(`${name} ${what}`);
    if (!blob) return { status: 404, headers: {} };
    return { status: 200, headers: { 'content-length': String(blob.length) } };
  }
}
