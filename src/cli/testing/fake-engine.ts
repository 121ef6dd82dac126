import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const ANSWERS = new URL('./answers/', import.meta.url).pathname;
const ID = '1'.repeat(64);
/** Of a directory. */
const PATH_STAT = Buffer.from(
  JSON.stringify({ name: 'd', size: 0, mode: 2 ** 31, mtime: '2026-01-01T00:00:00Z', linkTarget: '' }),
).toString('base64');

/** A request as it came, without the version in its path and with its query in order. */
export interface SeenRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  body?: unknown;
}

/**
 * An Engine API of canned answers on a unix socket, that remembers what it was asked. It speaks up to `apiVersion`.
 * Images named `missing` are never there; a container's attach says `out` and `err`.
 */
export class FakeEngine implements AsyncDisposable {
  readonly host: string;
  readonly seen: SeenRequest[] = [];
  readonly #server;
  readonly #path: string;
  readonly #apiVersion: string;

  private constructor(path: string, apiVersion: string) {
    this.#path = path;
    this.#apiVersion = apiVersion;
    this.host = `unix://${path}`;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on('upgrade', (request, socket) => this.#attach(request, socket as Socket));
  }

  /** Listens on `path`. */
  static async start(path: string, apiVersion = '1.50'): Promise<FakeEngine> {
    rmSync(path, { force: true });
    const engine = new FakeEngine(path, apiVersion);
    await new Promise<void>((resolve) => engine.#server.listen(path, resolve));
    return engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#path, { force: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const { method, path, version } = this.#note(request, text);
    if (version && Number(version.split('.')[1]) > Number(this.#apiVersion.split('.')[1])) {
      const max = `Maximum supported API version is ${this.#apiVersion}`;
      return send(
        response,
        400,
        { message: `client version ${version} is too new. ${max}` },
        this.#apiVersion,
      );
    }
    // `stats` asks for the events of containers, and hears of none.
    const { status, body } =
      path === '/events' && !(request.url ?? '').includes('type')
        ? { status: 200, body: readFileSync(`${ANSWERS}events.jsonl`, 'utf8') }
        : answerFor(method, path, text);
    if (path.endsWith('/archive')) response.setHeader('X-Docker-Container-Path-Stat', PATH_STAT);
    send(response, status, body, this.#apiVersion);
  }

  #note(
    request: IncomingMessage,
    text: string,
  ): { method: string; path: string; version: string | undefined } {
    const url = new URL(request.url ?? '/', 'http://engine');
    const [, version, path = '/'] = /^(?:\/v([\d.]+))?(\/.*)$/.exec(url.pathname) ?? [];
    const query = Object.fromEntries([...url.searchParams].sort(([a], [b]) => (a < b ? -1 : 1)));
    const method = request.method ?? '';
    if (path !== '/_ping' && version !== '1.55') {
      const isJson = text !== '' && request.headers['content-type'] === 'application/json';
      this.seen.push({ method, path, query, ...(isJson ? { body: JSON.parse(text) as unknown } : {}) });
    }
    return { method, path, version };
  }

  #attach(request: IncomingMessage, socket: Socket): void {
    this.#note(request, '');
    socket.write('HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n');
    socket.write('Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    socket.end('\x01\0\0\0\0\0\0\x04out\n\x02\0\0\0\0\0\0\x04err\n');
  }
}

function send(response: ServerResponse, status: number, body: unknown, apiVersion: string): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Api-Version': apiVersion,
    Ostype: 'linux',
  });
  response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
}

function answerFor(method: string, path: string, body: string): { status: number; body?: unknown } {
  if (path === '/_ping') return { status: 200, body: method === 'HEAD' ? '' : 'OK' };
  if (path === '/containers/create') {
    if (body.includes('"Image":"missing')) return notFound('No such image: missing:latest');
    if (body.includes('"Image":"bad')) return { status: 400, body: { message: 'bad things' } };
    return { status: 201, body: { Id: ID, Warnings: body.includes('"Image":"warn') ? ['careful'] : [] } };
  }
  if (path === '/images/create') return { status: 200, body: readFileSync(`${ANSWERS}pull.jsonl`, 'utf8') };
  if (path === '/volumes/create') return { status: 201, body: { Name: 'made', Driver: 'local' } };
  if (path === '/networks/create') return { status: 201, body: { Id: 'made', Warning: '' } };
  if (path === '/containers/x/exec') return { status: 201, body: { Id: ID } };
  if (path === `/exec/${ID}/json`) return { status: 200, body: { ID, Running: false, ExitCode: 5, Pid: 7 } };
  const [, noun, name = '', verb = ''] = path.split('/');
  if (name === 'prune') return { status: 200, body: canned(`${noun}_prune`) };
  if (name === 'nope') return notFound(`No such ${noun?.slice(0, -1)}: nope`);
  if (verb === 'stats') return { status: 200, body: JSON.parse(canned('containers_x_stats')) as object };
  if (path === '/images/get') return { status: 200, body: 'an archive\n' };
  if (path === '/commit') return { status: 201, body: { Id: `sha256:${ID}` } };
  if (verb === 'export') return { status: 200, body: 'a tree\n' };
  if (verb === 'archive')
    return { status: 200, body: method === 'GET' ? `file${'\0'.repeat(508)}${'\0'.repeat(512)}` : '' };
  if (verb === 'changes')
    return {
      status: 200,
      body: [
        { Path: '/etc', Kind: 0 },
        { Path: '/new', Kind: 1 },
        { Path: '/old', Kind: 2 },
      ],
    };
  if (path.endsWith('/push')) return { status: 200, body: readFileSync(`${ANSWERS}push.jsonl`, 'utf8') };
  if (path.endsWith('/wait')) return { status: 200, body: { StatusCode: 3 } };
  if (path.endsWith('/update'))
    return { status: 200, body: { Warnings: name === 'warn' ? ['careful'] : null } };
  if (method === 'POST') return startAnswer(path);
  if (method === 'DELETE' && noun === 'images')
    return { status: 200, body: [{ Untagged: 'i:latest' }, { Deleted: 'sha256:22' }] };
  if (method === 'DELETE') return { status: 204 };
  const file = [noun, name, verb].filter((part) => part && part !== 'json').join('_');
  return existsSync(`${ANSWERS}${file}.json`)
    ? { status: 200, body: canned(file) }
    : notFound(`no answer for ${path}`);
}

function startAnswer(path: string): { status: number; body?: unknown } {
  if (path.includes('noexec'))
    return { status: 400, body: { message: 'exec: "x": executable file not found in $PATH' } };
  return { status: 204 };
}

function canned(name: string): string {
  const now = Math.floor(Date.now() / 1000);
  return readFileSync(`${ANSWERS}${name}.json`, 'utf8').replace(/"@AGO (\d+)"/g, (_all, ago: string) =>
    String(now - Number(ago)),
  );
}

function notFound(message: string): { status: number; body: unknown } {
  return { status: 404, body: { message } };
}
