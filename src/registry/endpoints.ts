import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { EngineError } from '../base/mod.ts';
import { type Credentials, credentialsOf } from './auth/credentials.ts';

/** A place where a registry's API is served. */
export interface Endpoint {
  /** Scheme, host and port; for a mirror perhaps a path before `/v2/`. */
  url: URL;
  verifyTls: boolean;
  mirror: boolean;
  /** What a mirror is shown; what a user has for the registry is not for its mirrors. */
  login?: Credentials;
  /** It has answered before. */
  contacted: boolean;
  /** A mirror that could not be reached is left in peace until then, on the clock of `performance.now()`. */
  restsUntil: number;
}

export interface EndpointOptions {
  /** Hosts, `host:port`s and CIDR blocks that may be spoken to without (valid) TLS. */
  insecureRegistries: string[];
  /** URLs asked before Docker Hub. */
  registryMirrors: string[];
  /**
   * Domain → URLs asked before the registry of that domain, with a name and password where the mirror wants a login.
   * Ours: Docker has mirrors of Docker Hub only.
   */
  mirrors: Record<string, string[]>;
}

const HUB = 'docker.io';
const HUB_URL = 'https://registry-1.docker.io';
/** How long a mirror that could not be reached is not asked again: a pull has many requests, and each would wait. */
const MIRROR_REST_MS = 60_000;

/** Knows where the registry of a domain can be reached, and remembers which way worked. */
export class Endpoints {
  readonly #options: EndpointOptions;
  readonly #insecureNets = new BlockList();
  readonly #insecureHosts = new Set<string>();
  readonly #hasNets: boolean;
  readonly #known = new Map<string, Endpoint>();
  readonly #settled = new Map<string, Endpoint>();

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#insecureNets.addSubnet('127.0.0.0', 8, 'ipv4');
    this.#insecureNets.addAddress('::1', 'ipv6');
    for (const mirror of options.registryMirrors) checkMirror(mirror, { login: false });
    for (const mirror of Object.values(options.mirrors).flat()) checkMirror(mirror, { login: true });
    for (const entry of options.insecureRegistries) this.#addInsecure(entry.replace(/^https?:\/\//, ''));
    this.#hasNets = options.insecureRegistries.some((entry) => entry.includes('/'));
  }

  /**
   * Where to try, in this order. Compat: where TLS is optional, Docker tries https first and http after it; on
   * loopback we go the other way round (same port, nobody listens in), which saves a handshake that fails.
   */
  async candidates(domain: string): Promise<Endpoint[]> {
    const named = this.#options.mirrors[domain] ?? [];
    const urls = domain === HUB ? [...this.#options.registryMirrors, ...named] : named;
    const mirrors = await Promise.all(urls.map((url) => this.#mirror(url)));
    const awake = mirrors.filter(({ restsUntil }) => restsUntil <= performance.now());
    return [...awake, ...(await this.#origins(domain))];
  }

  async #mirror(url: string): Promise<Endpoint> {
    const verifyTls = !(await this.#isInsecure(new URL(url).host));
    return this.#endpoint(url, { mirror: true, verifyTls });
  }

  async #origins(domain: string): Promise<Endpoint[]> {
    if (domain === HUB) return [this.#endpoint(HUB_URL, {})];
    const settled = this.#settled.get(domain);
    if (settled) return [settled];
    if (!(await this.#isInsecure(domain))) return [this.#endpoint(`https://${domain}`, {})];
    const tls = this.#endpoint(`https://${domain}`, { verifyTls: false });
    const plain = this.#endpoint(`http://${domain}`, {});
    return isLoopback(hostOf(domain)) ? [plain, tls] : [tls, plain];
  }

  /** This is the way that works for `domain`, until `forget`. */
  settle(domain: string, endpoint: Endpoint): void {
    if (domain !== HUB && !endpoint.mirror) this.#settled.set(domain, endpoint);
  }

  /** A mirror did not answer. */
  rest(mirror: Endpoint): void {
    mirror.restsUntil = performance.now() + MIRROR_REST_MS;
  }

  isSettled(domain: string): boolean {
    return this.#settled.has(domain);
  }

  forget(domain: string): void {
    this.#settled.delete(domain);
  }

  #endpoint(text: string, { verifyTls = true, mirror = false }): Endpoint {
    const key = `${text} ${verifyTls} ${mirror}`;
    const known = this.#known.get(key);
    if (known) return known;
    const { url, login } = withoutLogin(text);
    const endpoint = { url, verifyTls, mirror, contacted: false, restsUntil: 0, ...(login && { login }) };
    this.#known.set(key, endpoint);
    return endpoint;
  }

  #addInsecure(entry: string): void {
    const [address = '', bits] = entry.split('/');
    const version = isIP(address);
    if (bits === undefined) {
      this.#insecureHosts.add(entry.toLowerCase());
      return;
    }
    const length = /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (version === 0 || !(length <= (version === 6 ? 128 : 32))) {
      throw new EngineError('invalid', `insecure registry ${entry} is not valid: invalid CIDR address`);
    }
    this.#insecureNets.addSubnet(address, length, version === 6 ? 'ipv6' : 'ipv4');
  }

  async #isInsecure(domain: string): Promise<boolean> {
    const host = hostOf(domain);
    if (this.#insecureHosts.has(domain.toLowerCase()) || this.#insecureHosts.has(host)) return true;
    if (isLoopback(host)) return true;
    if (isIP(host) !== 0) return this.#inNets(host);
    if (!this.#hasNets) return false;
    const addresses = await lookup(host, { all: true }).catch(() => []);
    return addresses.some(({ address }) => this.#inNets(address));
  }

  #inNets(address: string): boolean {
    return this.#insecureNets.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
}

/** Compat: moby's `ValidateMirror`. */
function checkMirror(text: string, { login }: { login: boolean }): void {
  const url = URL.parse(text);
  if (!url) throw new EngineError('invalid', `invalid mirror: "${text}" is not a valid URI`);
  if (!/^https?:$/.test(url.protocol)) {
    const scheme = url.protocol.slice(0, -1);
    throw new EngineError('invalid', `invalid mirror: unsupported scheme "${scheme}" in "${text}"`);
  }
  if ((!login && (url.username || url.password)) || url.search || url.hash) {
    throw new EngineError('invalid', `invalid mirror: query, fragment or credentials in "${url.origin}"`);
  }
}

/** A URL and the name and password that stood in it, which belong into no message. */
function withoutLogin(text: string): { url: URL; login: Credentials | undefined } {
  const url = new URL(text);
  const [username, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  [url.username, url.password] = ['', ''];
  return { url, login: credentialsOf({ username, password }) };
}

function hostOf(domain: string): string {
  return domain
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
