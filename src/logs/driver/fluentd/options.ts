import { EngineError, messageOf } from '../../../base/mod.ts';
import { type Address, splitHostPort } from '../address.ts';
import { goBool, goDuration, ramSize } from '../go-values.ts';
import { COMMON_OPTIONS, refuseOthers } from '../known-options.ts';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 24224;
const DEFAULT_BUFFER = 1024 * 1024;
const DEFAULT_RETRY_WAIT = 1000;
const MIN_RECONNECT = 100;
const MAX_RECONNECT = 10_000;
const OWN = [
  'address',
  'async',
  'async-connect',
  'async-reconnect-interval',
  'buffer-limit',
  'max-retries',
  'read-timeout',
  'request-ack',
  'retry-wait',
  'sub-second-precision',
  'write-timeout',
];

export interface FluentdOptions {
  address: Address;
  tls: boolean;
  /** The container does not wait for the receiver, not even at its start. */
  async: boolean;
  /** Bytes that the receiver may be behind before the container waits. */
  bufferLimit: number;
  /** Milliseconds before the first retry; each later one waits half as long again. */
  retryWait: number;
  maxRetries: number;
  requestAck: boolean;
  subSecond: boolean;
}

/** Options of `fluentd`; throws `invalid` in Docker's words. Compat: moby `daemon/logger/fluentd`. */
export function fluentdOptions(options: Record<string, string>): FluentdOptions {
  refuseOthers(
    options,
    [...COMMON_OPTIONS, ...OWN.map((name) => `fluentd-${name}`)],
    (name) => `unknown log opt '${name}' for fluentd log driver`,
  );
  const option = <T>(name: string, initial: T, parse: (text: string) => T): T => {
    const text = options[`fluentd-${name}`] ?? '';
    return text === '' ? initial : parse(text);
  };
  const where = fluentdAddress(options['fluentd-address'] ?? '');
  if (options['fluentd-async'] && options['fluentd-async-connect']) {
    const words = `conflicting options: cannot specify both 'fluentd-async' and 'fluentd-async-connect`;
    throw new EngineError('invalid', words);
  }
  option('async-reconnect-interval', 0, reconnectInterval);
  option('read-timeout', 0, goDuration);
  option('write-timeout', 0, goDuration);
  return {
    ...where,
    async: option('async', false, goBool) || option('async-connect', false, goBool),
    bufferLimit: option('buffer-limit', DEFAULT_BUFFER, ramSize),
    retryWait: option('retry-wait', DEFAULT_RETRY_WAIT, goDuration),
    maxRetries: option('max-retries', Number.POSITIVE_INFINITY, retries),
    requestAck: option('request-ack', false, goBool),
    subSecond: option('sub-second-precision', false, goBool),
  };
}

function fluentdAddress(text: string): { address: Address; tls: boolean } {
  if (text === '') return tcp(DEFAULT_HOST, DEFAULT_PORT, false);
  const invalid = (why: string) => new EngineError('invalid', `invalid fluentd-address (${text}): ${why}`);
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text);
  const scheme = match?.[1]?.toLowerCase() ?? 'tcp';
  const rest = match?.[2] ?? text;
  if (scheme === 'unix') {
    if (rest === '') throw invalid('path is empty');
    return { address: { scheme: 'unix', path: rest }, tls: false };
  }
  if (scheme !== 'tcp' && scheme !== 'tls') throw invalid(`unsupported scheme: '${scheme}'`);
  const slash = rest.indexOf('/');
  if (slash >= 0) throw invalid('should not contain a path element');
  const found = splitHostPort(rest);
  if (!found) throw invalid(`invalid port`);
  return tcp(found.host || DEFAULT_HOST, found.port ?? DEFAULT_PORT, scheme === 'tls');
}

function tcp(host: string, port: number, tls: boolean): { address: Address; tls: boolean } {
  return { address: { scheme: tls ? 'tcp+tls' : 'tcp', host, port }, tls };
}

function retries(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new EngineError('invalid', `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function reconnectInterval(text: string): number {
  let interval: number;
  try {
    interval = goDuration(text);
  } catch (error) {
    throw new EngineError(
      'invalid',
      `invalid value for fluentd-async-reconnect-interval: ${messageOf(error)}`,
    );
  }
  if (interval !== 0 && (interval < MIN_RECONNECT || interval > MAX_RECONNECT)) {
    throw new EngineError(
      'invalid',
      `invalid value for fluentd-async-reconnect-interval: value ("${text}") must be between 100ms and 10s`,
    );
  }
  return interval;
}
