/**
 * Texts to values as Go's strconv, time and Docker's go-units read them, with their error sentences, because these
 * sentences are what people see and scripts look for. Spec: Go strconv, time.ParseDuration; Compat: go-units `RAMInBytes`.
 */

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** A truth value in any of Go's spellings. */
export function parseBool(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** A whole number; prefixes `0x`, `0o`, `0b`, `0` and underscores as in Go source. */
export function parseInt64(text: string, bits: 8 | 16 | 32 | 64 = 64): number {
  const value = integer(text, 'ParseInt', /^[+-]?/);
  const limit = 2n ** BigInt(bits - 1);
  if (value >= limit || value < -limit) throw outOfRange('ParseInt', text);
  return Number(value);
}

/** A whole number without a sign. */
export function parseUint(text: string, bits: 8 | 16 | 32 | 64 = 64): number {
  const value = integer(text, 'ParseUint', /^/);
  if (value >= 2n ** BigInt(bits)) throw outOfRange('ParseUint', text);
  return Number(value);
}

function integer(text: string, call: string, sign: RegExp): bigint {
  const signed = sign.exec(text)?.[0] ?? '';
  const digits = text.slice(signed.length).toLowerCase();
  const plain = /^(0x[\da-f_]+|0o?[0-7_]+|0b[01_]+|0|[1-9][\d_]*)$/.test(digits);
  if (!plain || digits.endsWith('_')) {
    throw new Error(`strconv.${call}: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const bare = digits.replaceAll('_', '');
  const value = BigInt(/^0[0-7]+$/.test(bare) ? `0o${bare.slice(1)}` : bare);
  return signed === '-' ? -value : value;
}

function outOfRange(call: string, text: string): Error {
  return new Error(`strconv.${call}: parsing ${JSON.stringify(text)}: value out of range`);
}

const FLOAT = /^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A decimal number. */
export function parseFloat64(text: string): number {
  if (!FLOAT.test(text))
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text.replaceAll('_', ''));
}

const UNITS: Record<string, number> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40, p: 2 ** 50 };

/** Bytes from `64m`, `1.5g`, `512`, `2 GiB`; units are powers of 1024. */
export function parseBytes(text: string): number {
  let cut = text.length;
  while (cut > 0 && !'0123456789. '.includes(text[cut - 1] ?? '')) cut--;
  if (cut === 0) throw new Error(`invalid size: '${text}'`);
  const suffix = text.slice(cut);
  const number = text[cut - 1] === ' ' ? text.slice(0, cut - 1) : text.slice(0, cut);
  const size = parseFloat64(number);
  if (size < 0) throw new Error(`invalid size: '${text}'`);
  const lower = suffix.toLowerCase();
  if (lower === '' || lower === 'b') return Math.trunc(size);
  const factor = UNITS[lower[0] ?? ''];
  if (!factor || !['', 'b', 'ib'].includes(lower.slice(1))) {
    throw new Error(`invalid suffix: '${suffix.length > 3 ? suffix : lower}'`);
  }
  return Math.trunc(size * factor);
}

const NANOS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds from `1h30m`, `1.5s`, `-200ms`. */
export function parseDuration(text: string): number {
  const quoted = JSON.stringify(text);
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  let rest = text.slice(sign.length);
  if (rest === '0') return 0;
  if (rest === '') throw new Error(`time: invalid duration ${quoted}`);
  let total = 0;
  while (rest !== '') {
    const number = /^(\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (!number) throw new Error(`time: invalid duration ${quoted}`);
    rest = rest.slice(number.length);
    const unit = /^[^\d.]*/.exec(rest)?.[0] ?? '';
    if (unit === '') throw new Error(`time: missing unit in duration ${quoted}`);
    const nanos = NANOS[unit];
    if (!nanos) throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    total += Number(number) * nanos;
    rest = rest.slice(unit.length);
  }
  return Math.trunc(sign === '-' ? -total : total);
}
