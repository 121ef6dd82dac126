import { TransportError } from '../http/transport-error.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basicAuth, type Credentials } from './credentials.ts';
import { fetchToken, type Send, type Token, type TokenRequest } from './token.ts';

const MAX_ENTRIES = 512;

/** Who asks for what, where. */
export interface AccessRequest {
  /** Of the registry (scheme, host and port): what it demanded is remembered under this. */
  origin: string;
  scopes: string[];
  credentials?: Credentials | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Gives requests their `Authorization`, and learns from 401s what a registry demands. Tokens are cached for each
 * (realm, service, scopes, credentials); the same one asked for twice at once is fetched once.
 */
export class Authorizer {
  readonly #send: Send;
  readonly #challenges = new Map<string, Challenge>();
  readonly #tokens = new Map<string, Promise<Token>>();

  /** `send` is used for token servers, with nobody's cancellation. */
  constructor(send: Send) {
    this.#send = send;
  }

  /** The header for a first try: what the registry is known to demand, if anything. */
  async authorize(access: AccessRequest): Promise<string | undefined> {
    const challenge = this.#challenges.get(access.origin);
    return challenge ? await this.#answer(challenge, access) : undefined;
  }

  /**
   * The header for a second try after a 401 with this `WWW-Authenticate`; undefined if there is nothing better than
   * `tried`, what was sent before.
   */
  async reauthorize(
    access: AccessRequest,
    header: string | undefined,
    tried: string | undefined,
  ): Promise<string | undefined> {
    const challenge = pick(parseChallenges(header));
    if (!challenge) return undefined;
    remember(this.#challenges, access.origin, challenge);
    const request = challenge.scheme === 'bearer' ? tokenRequest(challenge, access) : undefined;
    if (request && tried !== undefined) {
      // Race: another request may have fetched a new one already.
      const key = keyOf(request);
      const known = this.#tokens.get(key);
      const token = await known?.catch(() => undefined);
      if (`Bearer ${token?.token}` === tried && this.#tokens.get(key) === known) this.#tokens.delete(key);
    }
    const next = await this.#answer(challenge, access);
    return next === tried ? undefined : next;
  }

  async #answer(challenge: Challenge, access: AccessRequest): Promise<string | undefined> {
    const { credentials } = access;
    if (challenge.scheme === 'basic') return credentials?.username ? basicAuth(credentials) : undefined;
    if (credentials?.registryToken) return `Bearer ${credentials.registryToken}`;
    const request = tokenRequest(challenge, access);
    if (!request) return undefined;
    const { token } = await orCancelled(this.#token(request), request.realm, access.signal);
    return `Bearer ${token}`;
  }

  async #token(request: TokenRequest): Promise<Token> {
    const key = keyOf(request);
    // Race: between the look and the new entry there must be no await, or two would fetch.
    for (let known = this.#tokens.get(key); known; known = this.#tokens.get(key)) {
      const token = await known.catch(() => undefined);
      if (token && token.expiresAt > performance.now()) return token;
      if (this.#tokens.get(key) === known) this.#tokens.delete(key);
    }
    const pending = fetchToken(request, this.#send);
    remember(this.#tokens, key, pending);
    pending.catch(() => {
      if (this.#tokens.get(key) === pending) this.#tokens.delete(key);
    });
    return await pending;
  }
}

/** Waits for a token that others may be waiting for too: only the waiting is cancelled. */
async function orCancelled<T>(work: Promise<T>, url: URL, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const cancel = () => reject(new TransportError('GET', url, 'cancelled', 'context canceled'));
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** The request that a Bearer challenge asks for; undefined if its realm is no http(s) URL. */
export function tokenRequest(challenge: Challenge, access: AccessRequest): TokenRequest | undefined {
  const realm = URL.parse(challenge.parameters.get('realm') ?? '');
  if (!realm || !/^https?:$/.test(realm.protocol)) return undefined;
  realm.username = '';
  realm.password = '';
  if (access.credentials && access.origin.startsWith('https:') && realm.protocol !== 'https:') {
    const reason = 'refusing to send credentials to a token server without TLS';
    throw new TransportError('GET', realm, 'protocol', reason);
  }
  const service = challenge.parameters.get('service') ?? '';
  return { realm, service, scopes: access.scopes, credentials: access.credentials };
}

/** A token server is preferred, as Docker does. */
function pick(challenges: Challenge[]): Challenge | undefined {
  const bySchema = (scheme: string) => challenges.find((challenge) => challenge.scheme === scheme);
  return bySchema('bearer') ?? bySchema('basic');
}

function keyOf({ realm, service, scopes, credentials }: TokenRequest): string {
  return JSON.stringify([realm.href, service, [...scopes].sort(), credentials?.key ?? '']);
}

/** Sets a bounded map's entry; the oldest one goes. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MAX_ENTRIES && oldest !== undefined) map.delete(oldest);
}
