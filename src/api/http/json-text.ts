import { EngineError } from '../../base/mod.ts';
import { GoNumber } from './go-number.ts';

/** Compat: how deep Go's `encoding/json` nests before it says `exceeded max depth`. */
export const MAX_DEPTH = 10_000;

/**
 * More than any client has to say, ten thousand published ports included; each costs microseconds of the only thread.
 * Compat: Docker has no such bound.
 */
const MAX_VALUES = 100_000;

/** Whole numbers of so many digits are exact as a double. */
const EXACT_DIGITS = 15;

/** What JSON.parse would get wrong about a text. */
export interface Oddities {
  /** Nested deeper than Go reads; JSON.parse needs seconds of a body of nothing but `[`. */
  deep: boolean;
  /** Has more values than MAX_VALUES. */
  many: boolean;
  /** Has a number with a dot, an exponent or so many digits that a double may not hold it. */
  numbers: boolean;
}

/**
 * Parses JSON as JSON.parse does, but numbers that a double loses the spelling of become a GoNumber. Throws SyntaxError,
 * also for what is too deep, and `invalid` for too many values.
 */
export function parseExact(text: string): unknown {
  const { deep, many, numbers } = oddities(text);
  if (many) throw new EngineError('invalid', `invalid JSON: more than ${MAX_VALUES} values`);
  if (deep) throw new SyntaxError('exceeded max depth');
  return numbers ? JSON.parse(text, revive as (key: string, value: unknown) => unknown) : JSON.parse(text);
}

// The types know no third argument yet.
function revive(_key: string, value: unknown, { source }: { source?: string }): unknown {
  return typeof value === 'number' && source !== undefined && !isPlain(source) ? new GoNumber(source) : value;
}

function isPlain(source: string): boolean {
  return source.length <= EXACT_DIGITS && !/[.eE]/.test(source);
}

/** One pass over `text`, which need not be JSON: what it says of the part before the first error is true. */
export function oddities(text: string): Oddities {
  let depth = 0;
  let values = 1;
  let numbers = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = closingQuote(text, i);
    else if (c === COMMA) {
      if (++values > MAX_VALUES) return { deep: false, many: true, numbers };
    } else if (c === OPEN_OBJECT || c === OPEN_LIST) {
      if (++depth > MAX_DEPTH) return { deep: true, many: false, numbers };
      if (++values > MAX_VALUES) return { deep: false, many: true, numbers };
    } else if (c === CLOSE_OBJECT || c === CLOSE_LIST) depth--;
    else if (c === MINUS || isDigit(c)) {
      const end = endOfNumber(text, i);
      numbers ||= end.odd;
      i = end.at - 1;
    }
  }
  return { deep: false, many: false, numbers };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const COMMA = 0x2c;

function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === BACKSLASH) at++;
    else if (c === QUOTE) return at;
  }
  return text.length;
}

function endOfNumber(text: string, start: number): { at: number; odd: boolean } {
  let odd = false;
  let at = start + 1;
  for (; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (isDigit(c)) continue;
    const more = c === DOT || c === PLUS || c === MINUS || (c | 0x20) === 0x65;
    if (!more) break;
    odd = true;
  }
  return { at, odd: odd || at - start > EXACT_DIGITS };
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}
