/** Go's zero time, as Docker writes "never". */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

const originNs = BigInt(Date.now()) * 1_000_000n;
const originTick = process.hrtime.bigint();
let lastNs = 0n;
let drift = 0n;

/** Nanoseconds since 1970, never the same twice and never going back by less than a clock step of a second. */
export function nowNano(): bigint {
  const wall = BigInt(Date.now()) * 1_000_000n;
  let now = originNs + drift + (process.hrtime.bigint() - originTick);
  const off = wall - now;
  // The wall clock was set: follow it. Below that, the monotonic clock gives the digits under a millisecond.
  if (off > 1_000_000_000n || off < -1_000_000_000n) {
    drift += off;
    now += off;
    lastNs = 0n;
  }
  if (now <= lastNs) now = lastNs + 1n;
  lastNs = now;
  return now;
}

/** `2026-11-24T07:01:55.123456789Z`, trailing zeros trimmed. Compat: Go's RFC3339Nano in UTC. */
export function formatTime(ns: bigint): string {
  const seconds = ns / 1_000_000_000n;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = (ns % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${whole}Z` : `${whole}.${fraction}Z`;
}

/** Nanoseconds since 1970 of an RFC 3339 time with any number of digits; undefined if it is none. */
export function parseTime(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return undefined;
  const ms = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}
