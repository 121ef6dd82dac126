import { perlClass, posixClass, range, unicodeClass } from './classes.ts';
import type { Node, Test } from './program.ts';

/** Spec: Go's `regexp/syntax.Error`. */
export class GoRegexpError extends Error {
  constructor(what: string, where: string) {
    super(`error parsing regexp: ${what}: \`${where}\``);
  }
}

/** Spec: Go's bounds of repetitions and of nesting. */
const MAX_REPEAT = 1000;
const MAX_DEPTH = 1000;
const LETTER_ESCAPES: Record<string, number> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const NEWLINE = 10;

interface Flags {
  i: boolean;
  m: boolean;
  s: boolean;
}

/** Reads an expression in the syntax of Go's `regexp`, which is RE2's. Throws GoRegexpError in Go's words. */
export function parseGoRegexp(source: string): Node {
  return new Parser(source).parse();
}

class Parser {
  readonly #source: string;
  #at = 0;
  #depth = 0;
  #flags: Flags = { i: false, m: false, s: false };
  readonly #names = new Set<string>();

  constructor(source: string) {
    this.#source = source;
  }

  parse(): Node {
    const node = this.#alternatives();
    if (this.#at < this.#source.length) throw new GoRegexpError('unexpected )', this.#source);
    return node;
  }

  #looking(text: string): boolean {
    return this.#source.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#looking(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** The next character, which is taken. */
  #next(): string {
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0);
    this.#at += character.length;
    return character;
  }

  /** What `pattern`, a sticky one, finds here, which is taken. */
  #find(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (found) this.#at += found[0].length;
    return found ?? undefined;
  }

  #alternatives(): Node {
    if (++this.#depth > MAX_DEPTH) throw new GoRegexpError('expression nests too deeply', this.#source);
    const nodes = [this.#sequence()];
    while (this.#take('|')) nodes.push(this.#sequence());
    this.#depth--;
    return nodes.length === 1 ? (nodes[0] as Node) : { kind: 'any', nodes };
  }

  #sequence(): Node {
    const nodes: Node[] = [];
    let repeated = -1;
    while (this.#at < this.#source.length && !this.#looking('|') && !this.#looking(')')) {
      const start = this.#at;
      if (this.#take('\\Q')) {
        const end = this.#source.indexOf('\\E', this.#at);
        const literal = this.#source.slice(this.#at, end < 0 ? undefined : end);
        this.#at = end < 0 ? this.#source.length : end + 2;
        for (const character of literal) nodes.push(this.#literal(character));
        continue;
      }
      const bounds = this.#bounds();
      if (!bounds) {
        const node = this.#atom();
        if (node) nodes.push(node);
        continue;
      }
      const operator = this.#source.slice(start, this.#at);
      if (repeated >= 0 && repeated === start)
        throw new GoRegexpError(
          'invalid nested repetition operator',
          this.#source.slice(this.#lastOperator, this.#at),
        );
      const node = nodes.pop();
      if (!node)
        throw new GoRegexpError('missing argument to repetition operator', operator.replace(/(.)\?$/, '$1'));
      nodes.push({ kind: 'repeat', node, ...bounds });
      this.#lastOperator = start;
      repeated = this.#at;
    }
    return { kind: 'all', nodes };
  }

  #lastOperator = 0;

  /** A repetition's. What looks like one and is not stands for itself. */
  #bounds(): { min: number; max: number } | undefined {
    const found = this.#find(/(?:([*+?])|\{(\d+)(,(\d*))?\})\??/y);
    if (!found) return undefined;
    const [text, sign, from, comma, to] = found;
    if (sign !== undefined)
      return { min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Number.POSITIVE_INFINITY };
    const min = Number(from);
    const max = comma === undefined ? min : to ? Number(to) : Number.POSITIVE_INFINITY;
    const most = Number.isFinite(max) ? max : min;
    if (min > MAX_REPEAT || most > MAX_REPEAT || max < min)
      throw new GoRegexpError('invalid repeat count', text.replace(/\?$/, ''));
    return { min, max };
  }

  /** Undefined for what is no step: flags. */
  #atom(): Node | undefined {
    const character = this.#next();
    if (character === '(') return this.#group();
    if (character === '[') return { kind: 'one', test: this.#class() };
    if (character === '.') {
      const { s } = this.#flags;
      return { kind: 'one', test: (point) => s || point !== NEWLINE };
    }
    if (character === '^') return { kind: 'assert', what: this.#flags.m ? 'lineStart' : 'textStart' };
    if (character === '$') return { kind: 'assert', what: this.#flags.m ? 'lineEnd' : 'textEnd' };
    if (character !== '\\') return this.#literal(character);
    if (this.#take('A')) return { kind: 'assert', what: 'textStart' };
    if (this.#take('z')) return { kind: 'assert', what: 'textEnd' };
    if (this.#take('b')) return { kind: 'assert', what: 'boundary' };
    if (this.#take('B')) return { kind: 'assert', what: 'noBoundary' };
    const escaped = this.#escape();
    return { kind: 'one', test: typeof escaped === 'number' ? this.#range(escaped, escaped) : escaped };
  }

  #literal(character: string): Node {
    const point = character.codePointAt(0) ?? 0;
    return { kind: 'one', test: this.#range(point, point) };
  }

  #range(from: number, to: number): Test {
    return range(from, to, this.#flags.i);
  }

  #group(): Node | undefined {
    const start = this.#at - 1;
    const before = { ...this.#flags };
    if (this.#looking('?') && !this.#name(start) && this.#flagsOf(start) === ')') return undefined;
    const node = this.#alternatives();
    if (!this.#take(')')) throw new GoRegexpError('missing closing )', this.#source);
    this.#flags = before;
    return node;
  }

  /** Reads `?P<name>` or `?<name>`. */
  #name(start: number): boolean {
    if (!this.#find(/\?P?<(?![=!])/y)) return false;
    const found = this.#find(/(\w+)>/y);
    if (!found) {
      const end = this.#source.indexOf('>', this.#at);
      throw new GoRegexpError(
        'invalid named capture',
        this.#source.slice(start, end < 0 ? undefined : end + 1),
      );
    }
    const name = found[1] as string;
    if (this.#names.has(name)) throw new GoRegexpError('duplicate capture group name', name);
    this.#names.add(name);
    return true;
  }

  /** Reads `?i-s` up to the `:` or `)` that it gives. Lookarounds are refused here, as in Go. */
  #flagsOf(start: number): string {
    const found = this.#find(/\?([imsU]*)(?:-([imsU]+))?([:)])/y);
    if (!found) {
      const shown = /^\(\?[imsU-]*.?/su.exec(this.#source.slice(start))?.[0] ?? '(?';
      throw new GoRegexpError('invalid or unsupported Perl syntax', shown);
    }
    const [, on = '', off = '', end = ''] = found;
    for (const flag of ['i', 'm', 's'] as const) {
      if (on.includes(flag)) this.#flags[flag] = true;
      if (off.includes(flag)) this.#flags[flag] = false;
    }
    return end;
  }

  #class(): Test {
    const start = this.#at - 1;
    const negated = this.#take('^');
    const tests: Test[] = [];
    for (let first = true; first || !this.#looking(']'); first = false) {
      if (this.#at >= this.#source.length)
        throw new GoRegexpError('missing closing ]', this.#source.slice(start));
      const posix = this.#find(/\[:(\^?\w*):\]/y);
      if (posix) {
        const test = posixClass(posix[1] as string, this.#flags.i);
        if (!test) throw new GoRegexpError('invalid character class range', posix[0]);
        tests.push(test);
        continue;
      }
      const at = this.#at;
      const from = this.#member(start);
      if (typeof from !== 'number') {
        tests.push(from);
        continue;
      }
      let to: number | Test = from;
      if (this.#looking('-') && this.#source[this.#at + 1] !== ']' && this.#at + 1 < this.#source.length) {
        this.#at++;
        to = this.#member(start);
      }
      if (typeof to !== 'number' || to < from)
        throw new GoRegexpError('invalid character class range', this.#source.slice(at, this.#at));
      tests.push(this.#range(from, to));
    }
    this.#at++;
    return (point) => tests.some((test) => test(point)) !== negated;
  }

  #member(start: number): number | Test {
    if (this.#at >= this.#source.length)
      throw new GoRegexpError('missing closing ]', this.#source.slice(start));
    const character = this.#next();
    return character === '\\' ? this.#escape() : (character.codePointAt(0) ?? 0);
  }

  /** What follows a backslash that was taken: a character or a class. Backreferences are refused here, as in Go. */
  #escape(): number | Test {
    const start = this.#at - 1;
    if (this.#at >= this.#source.length)
      throw new GoRegexpError('trailing backslash at end of expression', '');
    const octal = this.#find(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y);
    if (octal) return Number.parseInt(octal[0], 8);
    const hex = this.#find(/x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,8})\})/y);
    if (hex) {
      const point = Number.parseInt((hex[1] ?? hex[2]) as string, 16);
      if (point <= 0x10ffff) return point;
      throw new GoRegexpError('invalid escape sequence', this.#source.slice(start, this.#at));
    }
    const unicode = this.#find(/([pP])(?:\{(\^?)([^}]*)\}|([A-Za-z]))/y);
    if (unicode) {
      const [, letter, caret, long, short] = unicode;
      const test = unicodeClass(
        (long ?? short) as string,
        (letter === 'P') !== (caret === '^'),
        this.#flags.i,
      );
      if (test) return test;
      throw new GoRegexpError('invalid character class range', this.#source.slice(start, this.#at));
    }
    const character = this.#next();
    const known = Object.hasOwn(LETTER_ESCAPES, character) ? LETTER_ESCAPES[character] : perlClass(character);
    if (known !== undefined) return known;
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80 && !/\w/.test(character)) return point;
    throw new GoRegexpError('invalid escape sequence', this.#source.slice(start, this.#at));
  }
}
