import { EngineError } from '../../../base/mod.ts';
import { splitHostPort } from '../address.ts';
import { COMMON_OPTIONS, refuseOthers } from '../known-options.ts';

const COMPRESSIONS = ['gzip', 'zlib', 'none'] as const;
/** Compat: go-gelf's BestSpeed. */
const LEVEL = 1;
const MAX_RECONNECT = 3;
const RECONNECT_SECONDS = 1;

export interface GelfOptions {
  scheme: 'udp' | 'tcp';
  host: string;
  port: number;
  compression: (typeof COMPRESSIONS)[number];
  level: number;
  maxReconnect: number;
  /** Milliseconds. */
  reconnectDelay: number;
}

/** Options of `gelf`; throws `invalid` in Docker's words. Compat: moby `daemon/logger/gelf`. */
export function gelfOptions(options: Record<string, string>): GelfOptions {
  const address = addressOf(options['gelf-address'] ?? '');
  const own = [
    'address',
    'compression-level',
    'compression-type',
    'tcp-max-reconnect',
    'tcp-reconnect-delay',
  ];
  refuseOthers(
    options,
    [...COMMON_OPTIONS, ...own.map((name) => `gelf-${name}`)],
    (name) => `unknown log opt ${JSON.stringify(name)} for gelf log driver`,
  );
  const level = options['gelf-compression-level'];
  const type = options['gelf-compression-type'];
  if ((level !== undefined || type !== undefined) && address.scheme !== 'udp') {
    throw new EngineError('invalid', 'compression is only supported on UDP');
  }
  const compression = COMPRESSIONS.find((name) => name === (type ?? 'gzip'));
  if (!compression) throw unknownValue('gelf-compression-type', type);
  if (level !== undefined && !/^(-1|[+]?\d)$/.test(level))
    throw unknownValue('gelf-compression-level', level);
  return {
    ...address,
    compression,
    level: level === undefined ? LEVEL : Number(level),
    maxReconnect: tcpNumber(options, 'gelf-tcp-max-reconnect', address.scheme) ?? MAX_RECONNECT,
    reconnectDelay:
      1000 * (tcpNumber(options, 'gelf-tcp-reconnect-delay', address.scheme) ?? RECONNECT_SECONDS),
  };
}

function addressOf(text: string): Pick<GelfOptions, 'scheme' | 'host' | 'port'> {
  if (text === '') throw new EngineError('invalid', 'gelf-address is a required parameter');
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(text);
  const scheme = match?.[1]?.toLowerCase();
  if (scheme !== 'udp' && scheme !== 'tcp') {
    throw new EngineError('invalid', 'gelf: endpoint needs to be TCP or UDP');
  }
  const found = splitHostPort(match?.[2] ?? '');
  if (found?.port === undefined) {
    throw new EngineError('invalid', 'gelf: please provide gelf-address as proto://host:port');
  }
  return { scheme, host: found.host, port: found.port };
}

function tcpNumber(options: Record<string, string>, name: string, scheme: string): number | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  if (scheme !== 'tcp') throw new EngineError('invalid', `${JSON.stringify(name)} is only valid for TCP`);
  if (!/^\+?\d{1,9}$/.test(text)) {
    throw new EngineError('invalid', `${JSON.stringify(name)} must be a positive integer`);
  }
  return Number(text);
}

function unknownValue(name: string, value: string | undefined): EngineError {
  return new EngineError(
    'invalid',
    `unknown value ${JSON.stringify(value)} for log opt ${JSON.stringify(name)} for gelf log driver`,
  );
}
