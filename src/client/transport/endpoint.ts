import { ClientError } from '../errors.ts';

/** Where an engine listens. */
export type Endpoint =
  | { kind: 'unix'; path: string }
  | { kind: 'tcp'; host: string; port: number; basePath: string; tls?: TlsOptions };

/** PEM files for a connection over TLS. */
export interface TlsOptions {
  ca?: string;
  cert?: string;
  key?: string;
  /** False accepts any certificate of the server. */
  verify: boolean;
}

export const DEFAULT_HOST = 'unix:///run/minke/minke.sock';

type Env = Record<string, string | undefined>;

/** The host that the environment names: `MINKE_HOST`, then `DOCKER_HOST`, then Minke's own socket. */
export function hostFromEnv(env: Env): string {
  return env['MINKE_HOST'] || env['DOCKER_HOST'] || DEFAULT_HOST;
}

/** TLS as the environment asks for it. Compat: `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH` of the docker CLI. */
export function tlsFromEnv(env: Env): TlsOptions | undefined {
  const dir = env['DOCKER_CERT_PATH'];
  if (!dir && !env['DOCKER_TLS_VERIFY']) return undefined;
  const from = dir || `${env['HOME'] ?? '/root'}/.docker`;
  return {
    ca: `${from}/ca.pem`,
    cert: `${from}/cert.pem`,
    key: `${from}/key.pem`,
    verify: Boolean(env['DOCKER_TLS_VERIFY']),
  };
}

/**
 * Parses `unix:///path`, `tcp://host:port/base`, `http://…` or `https://…`.
 * Throws with Docker's sentence for anything else.
 */
export function parseEndpoint(host: string, tls?: TlsOptions): Endpoint {
  const split = host.indexOf('://');
  if (split <= 0) throw new ClientError(`unable to parse docker host \`${host}\``);
  const scheme = host.slice(0, split);
  const rest = host.slice(split + 3);
  switch (scheme) {
    case 'unix':
      return { kind: 'unix', path: rest };
    case 'tcp':
    case 'http':
    case 'https':
      return parseTcp(host, scheme, rest, tls);
    default:
      throw new ClientError(`protocol "${scheme}" of host \`${host}\` is not supported`);
  }
}

function parseTcp(host: string, scheme: string, rest: string, tls: TlsOptions | undefined): Endpoint {
  const match = /^(\[[^\]]+\]|[^:/]+)(?::(\d+))?(\/.*)?$/.exec(rest);
  if (!match) throw new ClientError(`unable to parse docker host \`${host}\``);
  const secure = scheme === 'https' ? (tls ?? { verify: true }) : tls;
  return {
    kind: 'tcp',
    host: (match[1] ?? '').replace(/^\[|\]$/g, ''),
    port: match[2] ? Number(match[2]) : secure ? 2376 : 2375,
    basePath: (match[3] ?? '').replace(/\/$/, ''),
    ...(secure ? { tls: secure } : {}),
  };
}
