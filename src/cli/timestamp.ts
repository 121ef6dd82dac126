import { parseDuration } from './flags/go-values.ts';

const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d)(?::(\d\d))?(?::(\d\d))?(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * A time as the engine wants it: seconds since 1970 with nanoseconds. Takes durations before now, RFC 3339 and its
 * beginnings (in our own zone), and seconds since 1970. Compat: moby `timestamp.GetTimestamp`.
 */
export function timestamp(text: string, now: number): string {
  if (text === '') return '';
  try {
    const nanos = BigInt(Math.trunc(now)) * 1_000_000n - BigInt(parseDuration(text));
    return `${nanos / 1_000_000_000n}.${String(nanos % 1_000_000_000n).padStart(9, '0')}`;
  } catch {
    // not a duration
  }
  const match = DATE.exec(text);
  if (match) {
    const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = match;
    const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
    if (!Number.isNaN(time)) return `${Math.floor(time / 1000)}.${fraction.slice(1, 10).padEnd(9, '0')}`;
  }
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  if (text.includes('-')) {
    const layout = '2006-01-02T15:04:05.999999999Z07:00';
    throw new Error(`parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse`);
  }
  throw new Error(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
}
