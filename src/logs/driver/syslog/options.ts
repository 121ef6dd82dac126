import { statSync } from 'node:fs';
import { EngineError } from '../../../base/mod.ts';
import { type Address, isTransportUrl, parseAddress } from '../address.ts';
import { COMMON_OPTIONS, refuseOthers } from '../known-options.ts';

const DEFAULT_PORT = 514;
const DAEMON = 3;
const FACILITIES: Record<string, number> = Object.fromEntries(
  ['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp']
    .map((name, number): [string, number] => [name, number])
    .concat(Array.from({ length: 8 }, (_, i) => [`local${i}`, 16 + i])),
);
const FORMATS = ['', 'rfc3164', 'rfc5424', 'rfc5424micro'] as const;

export type SyslogFormat = (typeof FORMATS)[number];

export interface SyslogOptions {
  /** Undefined: the syslog of this machine. */
  address: Address | undefined;
  facility: number;
  format: SyslogFormat;
  tls: { ca?: string; cert?: string; key?: string; skipVerify: boolean };
}

/** Options of `syslog`; throws `invalid` in Docker's words. Compat: moby `daemon/logger/syslog`. */
export function syslogOptions(options: Record<string, string>): SyslogOptions {
  const known = ['address', 'facility', 'format', 'tls-ca-cert', 'tls-cert', 'tls-key', 'tls-skip-verify'];
  refuseOthers(
    options,
    [...COMMON_OPTIONS, ...known.map((name) => `syslog-${name}`)],
    (name) => `unknown log opt '${name}' for syslog log driver`,
  );
  const address = addressOf(options['syslog-address'] ?? '');
  const facility = facilityOf(options['syslog-facility'] ?? '');
  const format = FORMATS.find((name) => name === (options['syslog-format'] ?? ''));
  if (format === undefined) throw new EngineError('invalid', 'Invalid syslog format');
  const { 'syslog-tls-ca-cert': ca, 'syslog-tls-cert': cert, 'syslog-tls-key': key } = options;
  return {
    address,
    facility,
    format,
    tls: {
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
      // Compat: that the option is there is enough, whatever its value.
      skipVerify: options['syslog-tls-skip-verify'] !== undefined,
    },
  };
}

function addressOf(text: string): Address | undefined {
  if (text === '') return undefined;
  if (!isTransportUrl(text)) {
    throw new EngineError('invalid', `syslog-address should be in form proto://address, got ${text}`);
  }
  const address = parseAddress(text, DEFAULT_PORT);
  if (!address)
    throw new EngineError('invalid', `address ${text.replace(/^[^:]*:\/\//, '')}: invalid address`);
  if ('path' in address && !statSync(address.path, { throwIfNoEntry: false })) {
    throw new EngineError('invalid', `stat ${address.path}: no such file or directory`);
  }
  return address;
}

function facilityOf(text: string): number {
  if (text === '') return DAEMON;
  const named = FACILITIES[text];
  if (named !== undefined) return named;
  const number = /^[+-]?\d{1,3}$/.test(text) ? Number(text) : -1;
  if (number < 0 || number > 23) throw new EngineError('invalid', 'invalid syslog facility');
  return number;
}
