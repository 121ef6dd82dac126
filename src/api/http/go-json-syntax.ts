import { MAX_DEPTH } from './json-text.ts';

/**
 * The sentence with which Go's `encoding/json` refuses a text that JSON.parse refused: it names the first character
 * that cannot stand where it stands. Only runs on bad input; one pass, no recursion.
 */
export function syntaxSentence(text: string): string {
  const stack: ('{' | '[')[] = [];
  let state: State = 'value';
  let i = 0;
  const bad = (where: string) => `invalid character ${quote(text[i] ?? '')} ${where}`;
  for (;;) {
    while (isSpace(text.charCodeAt(i))) i++;
    const c = text[i];
    if (c === undefined) return 'unexpected EOF';
    switch (state) {
      case 'first-key':
      case 'key': {
        if (c === '}' && state === 'first-key') {
          state = close(stack);
          i++;
          break;
        }
        if (c !== '"') return bad('looking for beginning of object key string');
        const end = endOfString(text, i);
        if (typeof end === 'string') return end;
        i = end;
        state = 'colon';
        break;
      }
      case 'colon':
        if (c !== ':') return bad('after object key');
        i++;
        state = 'value';
        break;
      case 'first-item':
      case 'value': {
        if (c === ']' && state === 'first-item') {
          state = close(stack);
          i++;
          break;
        }
        if (c === '{' || c === '[') {
          if (stack.push(c) > MAX_DEPTH) return bad('exceeded max depth');
          state = c === '{' ? 'first-key' : 'first-item';
          i++;
          break;
        }
        const end = endOfScalar(text, i);
        if (typeof end === 'string') return end;
        i = end;
        state = after(stack);
        break;
      }
      case 'after-pair':
        if (c !== ',' && c !== '}') return bad('after object key:value pair');
        state = c === ',' ? 'key' : close(stack);
        i++;
        break;
      case 'after-item':
        if (c !== ',' && c !== ']') return bad('after array element');
        state = c === ',' ? 'value' : close(stack);
        i++;
        break;
      case 'done':
        return bad('after top-level value');
    }
  }
}

type State = 'value' | 'first-item' | 'first-key' | 'key' | 'colon' | 'after-pair' | 'after-item' | 'done';

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function after(stack: ('{' | '[')[]): State {
  const top = stack.at(-1);
  return top === '{' ? 'after-pair' : top === '[' ? 'after-item' : 'done';
}

function close(stack: ('{' | '[')[]): State {
  stack.pop();
  return after(stack);
}

/** The index behind a string that begins at `i`, or the sentence. */
function endOfString(text: string, i: number): number | string {
  for (let at = i + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return `invalid character ${quote(text[at] ?? '')} in string literal`;
    if (code === 0x5c) {
      at++;
      const escaped = text[at];
      if (escaped === undefined) break;
      if (!'"\\/bfnrtu'.includes(escaped)) return `invalid character ${quote(escaped)} in string escape code`;
      if (escaped !== 'u') continue;
      for (let digit = 0; digit < 4; digit++) {
        at++;
        const hex = text[at];
        if (hex === undefined) return 'unexpected EOF';
        if (!/[0-9a-fA-F]/.test(hex))
          return `invalid character ${quote(hex)} in \\u hexadecimal character escape`;
      }
    }
  }
  return 'unexpected EOF';
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** The index behind a string, number or literal that begins at `i`, or the sentence. */
function endOfScalar(text: string, i: number): number | string {
  const c = text[i] ?? '';
  if (c === '"') return endOfString(text, i);
  const literal = { t: 'true', f: 'false', n: 'null' }[c];
  if (literal !== undefined) {
    for (let at = 1; at < literal.length; at++) {
      const got = text[i + at];
      if (got === undefined) return 'unexpected EOF';
      if (got !== literal[at]) {
        return `invalid character ${quote(got)} in literal ${literal} (expecting ${quote(literal[at] ?? '')})`;
      }
    }
    return i + literal.length;
  }
  NUMBER.lastIndex = i;
  if (NUMBER.test(text)) return NUMBER.lastIndex;
  if (c === '-') {
    const next = text[i + 1];
    return next === undefined ? 'unexpected EOF' : `invalid character ${quote(next)} in numeric literal`;
  }
  return `invalid character ${quote(c)} looking for beginning of value`;
}

/** Compat: Go quotes `'` and `"` in ways of their own. */
function quote(c: string): string {
  if (c === "'") return "'\\''";
  if (c === '"') return `'"'`;
  return `'${JSON.stringify(c).slice(1, -1)}'`;
}
