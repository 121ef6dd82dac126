import { EngineError } from '../../base/mod.ts';

const NANOS = 1_000_000_000n;

/**
 * `since` and `until` of the API: `seconds[.nanoseconds]` since 1970, as nanoseconds. Empty: undefined.
 * Compat: `.5` means 5 × 10^8 ns (the digits are a fraction), as moby's `timestamp.ParseTimestamps`.
 */
export function parseTimestamp(text: string, fallback?: bigint): bigint | undefined {
  if (text === '') return fallback;
  const match = /^(-?\d+)(?:\.(\d*))?$/.exec(text);
  if (!match?.[1] || match[1].length > 19) {
    throw new EngineError(
      'invalid',
      `strconv.ParseInt: parsing ${JSON.stringify(text.split('.')[0])}: invalid syntax`,
    );
  }
  const fraction = (match[2] ?? '').slice(0, 9).padEnd(9, '0');
  const seconds = BigInt(match[1]);
  return seconds * NANOS + (match[1].startsWith('-') ? -BigInt(fraction) : BigInt(fraction));
}
