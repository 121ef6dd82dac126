import { type AgentOptions, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { readTrust, type TrustStore, trustVersion } from './certificates.ts';
import { Proxies, type ProxySettings } from './proxies.ts';
import type { TlsSettings } from './secure-answer.ts';
import { proxiedAgents } from './tunnel.ts';

/** How a request gets to its peer. */
export interface Route {
  agent: HttpAgent;
  /** A proxy that is given the whole URL; https goes through a tunnel, of which the request knows nothing. */
  proxy?: URL;
  /** Of a peer that is reached without a proxy. */
  tls?: TlsSettings;
}

export interface ConnectionOptions {
  trust: TrustStore;
  proxies: ProxySettings;
}

const AGENT_OPTIONS: AgentOptions = { keepAlive: true, maxFreeSockets: 16 };
const MAX_AGENTS = 64;

/** Connections that are kept alive, by the trust and the way that each peer needs. Disposing closes the idle ones. */
export class Connections implements Disposable {
  readonly #trust: TrustStore;
  readonly #proxies: Proxies;
  readonly #agents = new Map<string, HttpAgent>();
  /** How the peers of an agent are trusted, by the same key. */
  readonly #settings = new Map<string, TlsSettings>();

  constructor(options: ConnectionOptions) {
    this.#trust = options.trust;
    this.#proxies = new Proxies(options.proxies);
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  /** The way to `to`; `verify` is false where any certificate will do. */
  route(to: URL, verify: boolean): Route {
    const proxy = this.#proxies.for(to);
    const via = proxy ? ` by ${proxy.href}` : '';
    if (to.protocol === 'http:') {
      const make = () => (proxy ? this.#throughProxy(proxy, {}).plain : new HttpAgent(AGENT_OPTIONS));
      return { agent: this.#agent(`http${via}`, make), ...(proxy && { proxy }) };
    }
    // Most peers have nothing of their own and share one agent.
    const version = trustVersion(this.#trust, to.host);
    const host = version === '' ? '' : to.host;
    const key = `https ${verify} ${version}${via}`;
    const tls = this.#settings.get(key) ?? { ...readTrust(this.#trust, host), rejectUnauthorized: verify };
    this.#settings.set(key, tls);
    const agent = this.#agent(key, () => {
      return proxy ? this.#throughProxy(proxy, tls).secure : new HttpsAgent({ ...AGENT_OPTIONS, ...tls });
    });
    return proxy ? { agent } : { agent, tls };
  }

  #throughProxy(proxy: URL, tls: object) {
    return proxiedAgents(proxy, { ...AGENT_OPTIONS, ...tls }, readTrust(this.#trust, ''));
  }

  #agent(key: string, make: () => HttpAgent): HttpAgent {
    const known = this.#agents.get(key);
    if (known) return known;
    const agent = make();
    this.#agents.set(key, agent);
    // One whose files changed is never asked for again; what runs on it goes on, what is idle the peer closes.
    const [oldest] = this.#agents.keys();
    if (this.#agents.size <= MAX_AGENTS || oldest === undefined) return agent;
    this.#agents.delete(oldest);
    this.#settings.delete(oldest);
    return agent;
  }
}
