import { goJson } from './go-json.ts';
import { goPrint, goPrintf, isTrue } from './go-print.ts';
import { TemplateError } from './lex.ts';

export type TemplateFunction = (...args: unknown[]) => unknown;

const MAX_PAD = 1_000_000;

/** Functions of Go's templates, and those that Docker adds. */
export const FUNCTIONS: Record<string, TemplateFunction> = {
  and: (...args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1),
  or: (...args) => args.find(isTrue) ?? args.at(-1),
  not: (arg) => !isTrue(arg),
  eq: (first, ...others) => others.some((other) => first === other),
  ne: (a, b) => a !== b,
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  len: length,
  index: (of, ...keys) => keys.reduce(indexOne, of),
  slice: (of, from, to) => (of as string).slice(from as number, to as number | undefined),
  print: (...args) => args.map(goPrint).join(''),
  println: (...args) => `${args.map(goPrint).join(' ')}\n`,
  printf: (format, ...args) => goPrintf(String(format), args),
  // Compat: a row of a list marshals itself, with `<` and `>` escaped; anything else is written as it is.
  json: (arg) => goJson(arg, typeof arg === 'object' && arg !== null && Object.hasOwn(arg, 'toJSON')),
  split: (text, separator) => String(text).split(String(separator)),
  join: (list, separator) => ((list ?? []) as unknown[]).map(goPrint).join(String(separator)),
  title: (text) =>
    String(text).replace(
      /(^|\s)(\S)/g,
      (_whole, space: string, first: string) => space + first.toUpperCase(),
    ),
  lower: (text) => String(text).toLowerCase(),
  upper: (text) => String(text).toUpperCase(),
  pad: (text, before, after) => {
    const spaces = (count: unknown) => {
      if (Number(count) > MAX_PAD) throw new TemplateError('too many spaces to pad with');
      return ' '.repeat(Number(count));
    };
    return text === '' ? '' : `${spaces(before)}${String(text)}${spaces(after)}`;
  },
  truncate: (text, width) => [...String(text)].slice(0, Number(width)).join(''),
};

/** For a table's title line Docker's own functions let the title through. */
export const HEADER_FUNCTIONS: Record<string, TemplateFunction> = {
  ...FUNCTIONS,
  ...Object.fromEntries(
    ['json', 'split', 'join', 'title', 'lower', 'upper', 'pad', 'truncate'].map((n) => [n, first]),
  ),
};

function first(value: unknown): unknown {
  return value;
}

function compare(a: unknown, b: unknown): number {
  if (typeof a !== typeof b) throw new TemplateError('incompatible types for comparison');
  return (a as string) < (b as string) ? -1 : a === b ? 0 : 1;
}

function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (value !== null && typeof value === 'object') return Object.keys(value).length;
  if (value === null || value === undefined) return 0;
  throw new TemplateError(`error calling len: len of type ${typeof value}`);
}

function indexOne(of: unknown, key: unknown): unknown {
  if (Array.isArray(of)) {
    if (typeof key !== 'number' || key < 0 || key >= of.length) {
      throw new TemplateError(`error calling index: reflect: slice index out of range`);
    }
    return of[key];
  }
  if (of === null || of === undefined) throw new TemplateError('error calling index: index of untyped nil');
  return Object.hasOwn(of as object, String(key)) ? (of as Record<string, unknown>)[String(key)] : '';
}
