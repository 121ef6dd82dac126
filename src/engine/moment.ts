import { EngineError, parseTime } from '../base/mod.ts';

const UNITS: Record<string, bigint> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/**
 * A moment as `until` and `since` filters give it: Unix seconds with a fraction, RFC 3339 (also only a date), or a Go
 * duration before `now`. Nanoseconds since 1970. Compat: moby `timetypes.GetTimestamp`.
 */
export function parseMoment(text: string, now: bigint): bigint {
  const unix = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (unix) return BigInt(unix[1] ?? '0') * 1_000_000_000n + BigInt((unix[2] ?? '').padEnd(9, '0'));
  const duration = goDuration(text);
  if (duration !== undefined) return now - duration;
  const rfc =
    parseTime(text) ?? parseTime(`${text}Z`) ?? parseTime(`${text}:00Z`) ?? parseTime(`${text}T00:00:00Z`);
  if (rfc !== undefined) return rfc;
  throw new EngineError('invalid', `failed to parse value as time or duration: ${JSON.stringify(text)}`);
}

/** Nanoseconds of a Go duration such as `1h30m`; undefined if it is none. */
export function goDuration(text: string): bigint | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0n;
  for (const [, number = '0', , unit = 'ns'] of text.matchAll(/(\d+(\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    total += BigInt(Math.round(Number(number) * Number(UNITS[unit] ?? 1n)));
  }
  return total;
}
