import type { Test } from './program.ts';

/** What stands in `[[:…:]]`. Spec: re2 syntax, ASCII only. */
const POSIX: Record<string, string> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};
const PERL: Record<string, string> = { d: '0-9', s: '\\t\\n\\f\\r ', w: '0-9A-Za-z_' };

function tester(source: string, flags: string, negated = false): Test {
  const expression = new RegExp(source, flags);
  return (point) => expression.test(String.fromCodePoint(point)) !== negated;
}

/** All from one code point to another, in either case if `fold`. */
export function range(from: number, to: number, fold: boolean): Test {
  if (!fold) return (point) => point >= from && point <= to;
  return tester(`[\\u{${from.toString(16)}}-\\u{${to.toString(16)}}]`, 'iu');
}

/** `\d`, `\W` and the like; undefined for other letters. */
export function perlClass(letter: string): Test | undefined {
  const lower = letter.toLowerCase();
  const source = Object.hasOwn(PERL, lower) ? PERL[lower] : undefined;
  return source === undefined ? undefined : tester(`[${source}]`, 'u', letter !== lower);
}

/** `alpha` or `^alpha`. */
export function posixClass(name: string, fold: boolean): Test | undefined {
  const negated = name.startsWith('^');
  const bare = negated ? name.slice(1) : name;
  const source = Object.hasOwn(POSIX, bare) ? POSIX[bare] : undefined;
  return source === undefined ? undefined : tester(`[${source}]`, fold ? 'iu' : 'u', negated);
}

/** A general category by its short name, a script by its long one, or `Any`. */
export function unicodeClass(name: string, negated: boolean, fold: boolean): Test | undefined {
  if (!/^[A-Z][A-Za-z_]*$/.test(name)) return undefined;
  const property = name === 'Any' ? name : `${name.length <= 2 ? 'gc' : 'Script'}=${name}`;
  try {
    return tester(`\\p{${property}}`, fold ? 'iu' : 'u', negated);
  } catch {
    return undefined;
  }
}
