import { BlockList, isIP } from 'node:net';
import { EngineError } from '../../base/mod.ts';

/** Proxies as `daemon.json` and the environment name them; '' for none. */
export interface ProxySettings {
  /** For http URLs. */
  http: string;
  /** For https URLs. */
  https: string;
  /** Hosts, domains, addresses and CIDR blocks that are reached directly, joined by commas; `*` for all. */
  no: string;
}

export const NO_PROXIES: ProxySettings = { http: '', https: '', no: '' };

/** Which proxy, if any, a URL is reached by. Compat: Go's `httpproxy`, which Docker uses. */
export class Proxies {
  readonly #http: URL | undefined;
  readonly #https: URL | undefined;
  readonly #direct: ((host: string, port: string) => boolean)[];

  /** Throws `invalid` for what is no URL of an http or https proxy. */
  constructor(settings: ProxySettings) {
    this.#http = parseProxy(settings.http);
    this.#https = parseProxy(settings.https);
    this.#direct = settings.no.split(',').flatMap((entry) => exemption(entry.trim().toLowerCase()));
  }

  for(url: URL): URL | undefined {
    const proxy = url.protocol === 'https:' ? this.#https : this.#http;
    if (!proxy) return undefined;
    const host = bare(url.hostname);
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    if (host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.')))
      return undefined;
    return this.#direct.some((matches) => matches(host, port)) ? undefined : proxy;
  }
}

/** The value of `Proxy-Authorization`, where the proxy's URL has a user. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (!proxy.username) return {};
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

function parseProxy(text: string): URL | undefined {
  if (text === '') return undefined;
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url && /^https?:$/.test(url.protocol) && url.hostname) return url;
  const shown = text.replace(/\/\/[^@/]*@/, '//xxxxx:xxxxx@');
  throw new EngineError('invalid', `invalid proxy "${shown}": it must be the URL of an http or https proxy`);
}

/** An entry of `no-proxy` as a test; none for what cannot match. */
function exemption(entry: string): ((host: string, port: string) => boolean)[] {
  if (entry === '') return [];
  if (entry === '*') return [() => true];
  const block = /^(.+)\/(\d{1,3})$/.exec(entry);
  if (block) {
    const [, network = '', bits] = block;
    const version = isIP(network);
    if (version === 0 || Number(bits) > (version === 6 ? 128 : 32)) return [];
    const nets = new BlockList();
    nets.addSubnet(network, Number(bits), version === 6 ? 'ipv6' : 'ipv4');
    return [(host) => isIP(host) !== 0 && nets.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4')];
  }
  const [, name = '', port] = /^(\[[^\]]*\]|[^:]*|.*:.*:[^:]*?)(?::(\d+))?$/.exec(entry) ?? [];
  const wanted = bare(name);
  const samePort = (actual: string) => port === undefined || port === actual;
  if (isIP(wanted) !== 0) return [(host, actual) => host === wanted && samePort(actual)];
  const domain = wanted.replace(/^\*?\.?/, '');
  if (domain === '') return [];
  const alsoItself = domain === wanted;
  return [
    (host, actual) => samePort(actual) && ((alsoItself && host === domain) || host.endsWith(`.${domain}`)),
  ];
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '').toLowerCase();
}
