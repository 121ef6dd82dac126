import { EngineError, errnoOf, messageOf } from '../../base/mod.ts';

const TRANSPORT = /^(tcp|tcp\+tls|udp|unix|unixgram):\/\//;

/** Where a receiver is. */
export type Address =
  | { scheme: 'unix' | 'unixgram'; path: string }
  | { scheme: 'tcp' | 'tcp+tls' | 'udp'; host: string; port: number };

/** Compat: moby's urlutil.IsTransportURL. */
export function isTransportUrl(text: string): boolean {
  return TRANSPORT.test(text);
}

/** Reads `scheme://host[:port]` or `unix:///path`; undefined where the address is no address. */
export function parseAddress(text: string, defaultPort: number | undefined): Address | undefined {
  const match = TRANSPORT.exec(text);
  const scheme = match?.[1] as Address['scheme'] | undefined;
  if (!match || !scheme) return undefined;
  const rest = text.slice(match[0].length);
  if (scheme === 'unix' || scheme === 'unixgram') return { scheme, path: rest };
  const authority = rest.replace(/[/?#].*$/s, '');
  const found = splitHostPort(authority);
  if (!found) return undefined;
  const port = found.port ?? defaultPort;
  return port === undefined ? undefined : { scheme, host: found.host, port };
}

/** Go's net.SplitHostPort, and a host without a port; undefined if it is neither. */
export function splitHostPort(text: string): { host: string; port?: number } | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const host = match[1] ?? match[2] ?? '';
  if (match[3] === undefined) return { host };
  const port = Number(match[3]);
  return port <= 65535 ? { host, port } : undefined;
}

/** `host:port`, an IPv6 address in brackets. */
export function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'connect: connection refused',
  ECONNRESET: 'connect: connection reset by peer',
  ENOENT: 'connect: no such file or directory',
  EACCES: 'connect: permission denied',
  EPROTOTYPE: 'connect: protocol wrong type for socket',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

/** The sentence of Go's net.Dial for a connection that failed. */
export function dialError(network: string, address: string, error: unknown): EngineError {
  const code = errnoOf(error) ?? '';
  const host = /^\[?([^\]]*?)\]?(?::\d+)?$/.exec(address)?.[1] ?? address;
  const reason = code === 'ENOTFOUND' ? `lookup ${host}: no such host` : (REASONS[code] ?? messageOf(error));
  return new EngineError('unavailable', `dial ${network} ${address}: ${reason}`, { cause: error });
}
