import { EngineError } from '../../../base/mod.ts';
import { goBool } from '../go-values.ts';
import { COMMON_OPTIONS, refuseOthers } from '../known-options.ts';

const OWN = [
  'url',
  'token',
  'source',
  'sourcetype',
  'index',
  'capath',
  'caname',
  'insecureskipverify',
  'format',
  'verify-connection',
  'gzip',
  'gzip-level',
  'index-acknowledgment',
];
const FORMATS = ['inline', 'json', 'raw'] as const;

export interface SplunkOptions {
  url: URL;
  token: string;
  source: string;
  sourceType: string;
  index: string;
  caPath: string | undefined;
  caName: string | undefined;
  insecure: boolean;
  format: (typeof FORMATS)[number];
  verify: boolean;
  gzip: boolean;
  level: number;
  acknowledgment: boolean;
}

/** Names of `splunk`'s options are checked when a container is made, what they say too (Docker: at the start). */
export function splunkOptions(options: Record<string, string>): SplunkOptions {
  refuseOthers(
    options,
    [...COMMON_OPTIONS, ...OWN.map((name) => `splunk-${name}`)],
    (name) => `unknown log opt '${name}' for splunk log driver`,
  );
  const of = (name: string) => options[`splunk-${name}`];
  const bool = (name: string, initial: boolean) => {
    const text = of(name);
    return text === undefined ? initial : goBool(text);
  };
  const url = urlOf(of('url'));
  const token = of('token');
  if (token === undefined) throw new EngineError('invalid', 'splunk: splunk-token is expected');
  const format = FORMATS.find((name) => name === (of('format') ?? 'inline'));
  if (!format) {
    const words = `unknown format specified ${of('format')}, supported formats are inline, json and raw`;
    throw new EngineError('invalid', words);
  }
  return {
    url,
    token,
    source: of('source') ?? '',
    sourceType: of('sourcetype') ?? '',
    index: of('index') ?? '',
    caPath: of('capath'),
    caName: of('caname'),
    insecure: bool('insecureskipverify', false),
    format,
    verify: bool('verify-connection', true),
    gzip: bool('gzip', false),
    level: levelOf(of('gzip-level')),
    acknowledgment: bool('index-acknowledgment', false),
  };
}

function urlOf(text: string | undefined): URL {
  if (text === undefined) throw new EngineError('invalid', 'splunk: splunk-url is expected');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search && !url.hash;
  if (!plain) {
    throw new EngineError('invalid', 'splunk: expected format scheme://dns_name_or_ip:port for splunk-url');
  }
  url.pathname = '/services/collector/event/1.0';
  return url;
}

function levelOf(text: string | undefined): number {
  if (text === undefined) return -1;
  if (!/^[+-]?\d{1,9}$/.test(text)) {
    throw new EngineError('invalid', `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const level = Number(text);
  if (level < -1 || level > 9) {
    throw new EngineError(
      'invalid',
      `not supported level '${text}' for splunk-gzip-level (supported values between -1 and 9)`,
    );
  }
  return level;
}
