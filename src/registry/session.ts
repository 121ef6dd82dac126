import { Authorizer } from './auth/authorizer.ts';
import type { Credentials } from './auth/credentials.ts';
import { type Endpoint, type EndpointOptions, Endpoints } from './endpoints.ts';
import { AnswerError, readAnswerError } from './errors.ts';
import { type ConnectionOptions, Connections, type Route } from './http/connections.ts';
import type { Answer, Outgoing } from './http/exchange.ts';
import { follow } from './http/follow.ts';
import { retrying } from './http/retry.ts';
import { TransportError } from './http/transport-error.ts';
import type { TakeDescriptor } from './lent-socket.ts';
import type { Limits } from './limits.ts';

/** One request to a registry's API. */
export interface RegistryRequest {
  method: Outgoing['method'];
  /** From `/v2/` on, or a whole URL that the registry named; elsewhere than the registry it gets no authorization. */
  path: string;
  headers?: Record<string, string>;
  body?: Outgoing['body'];
  /** Longer than usual until the head of the answer. */
  headMs?: number;
  /** What the token must allow: `repository:library/busybox:pull`. */
  scopes: string[];
  credentials?: Credentials | undefined;
  /** Sent as it is, in place of what the authorizer would give; '' for none. */
  authorization?: string;
  signal?: AbortSignal | undefined;
  /** The reader can go on from a socket. */
  lend?: TakeDescriptor | undefined;
  /** The first request of an operation, in the place of Docker's ping: nobody there means no use in trying again. */
  opening?: boolean;
}

export interface SessionOptions extends EndpointOptions, ConnectionOptions {
  limits: Limits;
  userAgent: string;
}

/**
 * What pull, push and login share: connections, authorization, choice of endpoint. Holds what was learnt about each
 * registry; there is no state outside of it.
 */
export class Session implements Disposable {
  readonly limits: Limits;
  readonly #endpoints: Endpoints;
  readonly #authorizer: Authorizer;
  readonly #userAgent: string;
  readonly #connections: Connections;

  constructor(options: SessionOptions) {
    this.limits = options.limits;
    this.#userAgent = options.userAgent;
    this.#connections = new Connections(options);
    this.#endpoints = new Endpoints(options);
    this.#authorizer = new Authorizer((outgoing) => this.sendAnonymous(outgoing));
  }

  /** Closes idle connections. */
  [Symbol.dispose](): void {
    this.#connections[Symbol.dispose]();
  }

  /**
   * Runs `work` against the endpoints of a domain until one of them serves: a mirror may fail in any way, another
   * scheme is tried only as long as nothing that speaks HTTP was met.
   */
  async withEndpoint<T>(domain: string, work: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    return await this.#probing(domain, async () => await this.#endpoints.candidates(domain), work);
  }

  /** The same without mirrors, for what concerns the registry itself. */
  async withRegistry<T>(domain: string, work: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    const own = async () => (await this.#endpoints.candidates(domain)).filter(({ mirror }) => !mirror);
    return await this.#probing(domain, own, work);
  }

  /** If what was known to work turns out to have gone (HTTP became TLS), all ways are tried once more. */
  async #probing<T>(
    domain: string,
    candidates: () => Promise<Endpoint[]>,
    work: (endpoint: Endpoint) => Promise<T>,
  ): Promise<T> {
    const wasSettled = this.#endpoints.isSettled(domain);
    try {
      return await this.#firstThatServes(domain, await candidates(), work);
    } catch (error) {
      if (isCancelled(error) || !wasSettled || this.#endpoints.isSettled(domain)) throw error;
      return await this.#firstThatServes(domain, await candidates(), work);
    }
  }

  async #firstThatServes<T>(
    domain: string,
    candidates: Endpoint[],
    work: (endpoint: Endpoint) => Promise<T>,
  ): Promise<T> {
    const failures: { endpoint: Endpoint; error: unknown }[] = [];
    for (const endpoint of candidates) {
      try {
        const result = await work(endpoint);
        this.#endpoints.settle(domain, endpoint);
        return result;
      } catch (error) {
        if (endpoint.mirror) {
          if (error instanceof TransportError && !isCancelled(error)) this.#endpoints.rest(endpoint);
        } else if (isNobodyThere(endpoint, error)) {
          endpoint.contacted = false;
          this.#endpoints.forget(domain);
        }
        failures.push({ endpoint, error });
        if (isCancelled(error) || !mayGoOn(endpoint, error)) break;
      }
    }
    throw tellingFailure(failures);
  }

  /**
   * One try of one request, authorized as the registry demands. Gives answers up to status 399; throws AnswerError
   * for all others, TransportError if there was none.
   */
  async send(endpoint: Endpoint, request: RegistryRequest): Promise<Answer> {
    const { method, headers, body, scopes, credentials, signal, lend } = request;
    const url = targetOf(endpoint, request.path);
    // Credentials are for the registry that the user named, not for its mirrors.
    const shown = endpoint.mirror ? endpoint.login : credentials;
    const access = { origin: endpoint.url.origin, scopes, credentials: shown, signal };
    const attempt = async (authorization: string | undefined) => {
      const all = { 'user-agent': this.#userAgent, 'accept-encoding': 'identity', ...headers };
      const outgoing: Outgoing = {
        method,
        url,
        headers: authorization ? { ...all, authorization } : all,
        signal,
        ...(body && { body }),
        ...(lend && { lend }),
      };
      const limits = { ...this.limitsOf(endpoint), ...(request.headMs && { headMs: request.headMs }) };
      return await follow(outgoing, (to) => this.#route(to, endpoint), limits);
    };
    const isOwn = url.origin === endpoint.url.origin;

    const first = isOwn ? (request.authorization ?? (await this.#authorizer.authorize(access))) : undefined;
    let answer = await attempt(first).catch((error: unknown) => {
      throw request.opening ? asPing(endpoint, error) : error;
    });
    endpoint.contacted = true;
    const mayAuthorize = isOwn && request.authorization === undefined && answer.url.origin === url.origin;
    if (answer.status === 401 && mayAuthorize) {
      const header = answer.headers['www-authenticate'];
      const second = await this.#authorizer.reauthorize(access, header, first).catch((error: unknown) => {
        answer.body.destroy();
        throw error;
      });
      if (second !== undefined) {
        await answer.body.discard();
        answer = await attempt(second);
      } else if (!shown && /^\s*basic\b/i.test(header ?? '')) {
        answer.body.destroy();
        // Compat: Docker asks for a tag by HEAD first.
        const shownMethod = /\/manifests\/[^/:]+$/.test(url.pathname) ? 'HEAD' : method;
        throw new TransportError(shownMethod, url, 'unauthorized', 'no basic auth credentials');
      }
    }
    if (answer.status >= 400) throw await readAnswerError(answer);
    return answer;
  }

  /** `send`, tried again on what may pass. For requests that are safe to repeat. */
  async sendRetrying(endpoint: Endpoint, request: RegistryRequest): Promise<Answer> {
    return await retrying(this.limitsOf(endpoint), request.signal, () => this.send(endpoint, request));
  }

  /** A mirror is not waited for as long, and not asked twice: there is somebody else to ask. */
  limitsOf({ mirror }: Endpoint): Limits {
    if (!mirror) return this.limits;
    return { ...this.limits, attempts: 1, headMs: Math.min(this.limits.headMs, this.limits.mirrorHeadMs) };
  }

  /** A request outside of any registry's API (token servers): no authorization of ours, TLS verified. */
  async sendAnonymous(outgoing: Outgoing): Promise<Answer> {
    const headers = { 'user-agent': this.#userAgent, ...outgoing.headers };
    return await retrying(this.limits, outgoing.signal, async () => {
      const answer = await follow({ ...outgoing, headers }, (to) => this.#route(to), this.limits);
      if (answer.status === 429 || answer.status >= 500) throw await readAnswerError(answer);
      return answer;
    });
  }

  /** One GET of a URL that a user or an image named, through redirects: no authorization of ours, TLS verified. */
  async fetchUrl(
    url: URL,
    { headers, signal }: { headers?: Record<string, string>; signal?: AbortSignal | undefined } = {},
  ): Promise<Answer> {
    const all = { 'user-agent': this.#userAgent, 'accept-encoding': 'identity', ...headers };
    return await follow({ method: 'GET', url, headers: all, signal }, (to) => this.#route(to), this.limits);
  }

  #route(to: URL, endpoint?: Endpoint): Route {
    return this.#connections.route(to, !endpoint || endpoint.verifyTls || to.host !== endpoint.url.host);
  }
}

function targetOf(endpoint: Endpoint, path: string): URL {
  if (!path.startsWith('/')) return new URL(path);
  return new URL(endpoint.url.pathname.replace(/\/$/, '') + path, endpoint.url);
}

/** Compat: Docker begins with a ping, so that is what its errors about connections name. */
function asPing(endpoint: Endpoint, error: unknown): unknown {
  if (!(error instanceof TransportError) || error.failure === 'cancelled') return error;
  const url = new URL('/v2/', endpoint.url);
  const renamed = new TransportError('GET', url, error.failure, error.reason, error.cause);
  renamed.firstContact = true;
  return renamed;
}

function isCancelled(error: unknown): boolean {
  return error instanceof TransportError && error.failure === 'cancelled';
}

function mayGoOn(endpoint: Endpoint, error: unknown): boolean {
  if (endpoint.mirror) return true;
  if (isTlsHint(endpoint, error)) return true;
  return error instanceof TransportError && !endpoint.contacted && error.failure !== 'refused';
}

/** What was learnt about the endpoint does not hold any more (or never did). */
function isNobodyThere(endpoint: Endpoint, error: unknown): boolean {
  if (isTlsHint(endpoint, error)) return true;
  if (!(error instanceof TransportError) || error.failure === 'cancelled') return false;
  return error.firstContact || /^(refused|plain-http|protocol|lookup)$/.test(error.failure);
}

/** Servers of https that got plain HTTP say so in a 400. */
function isTlsHint(endpoint: Endpoint, error: unknown): boolean {
  if (endpoint.url.protocol !== 'http:' || !(error instanceof AnswerError)) return false;
  return error.status === 400 && /HTTP request .*HTTPS/is.test(error.message);
}

/** Of the failures on the way through the candidates, what the user has to know: Docker's last one, the plain HTTP. */
function tellingFailure(failures: { endpoint: Endpoint; error: unknown }[]): unknown {
  const isPlain = ({ endpoint, error }: { endpoint: Endpoint; error: unknown }) =>
    endpoint.url.protocol === 'http:' && !endpoint.mirror && !isTlsHint(endpoint, error);
  const last = failures.at(-1);
  if (last?.endpoint.contacted) return last.error;
  return (failures.find(isPlain) ?? last)?.error;
}
