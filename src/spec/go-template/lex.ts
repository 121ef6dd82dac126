/** One token inside of `{{ … }}`; `path` are the fields that follow without a space: `$x.a.b`. */
export type Token =
  | { kind: 'field'; path: string[]; at: number }
  | { kind: 'variable'; name: string; path: string[] }
  | { kind: 'word'; text: string }
  | { kind: 'value'; value: string | number }
  | { kind: 'open' | 'pipe' | 'comma' | 'declare' | 'assign' }
  | { kind: 'close'; path: string[] };

export type Piece = { text: string } | { action: Token[]; source: string };

/** A template that cannot be read or executed. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

const PATH = '(?:\\.[A-Za-z_]\\w*)';
const TOKEN = new RegExp(
  `\\s+|(${PATH}+|\\.)|(\\$\\w*)(${PATH}*)|([A-Za-z_]\\w*)|("(?:[^"\\\\]|\\\\.)*")|(\`[^\`]*\`)|(-?\\d+(?:\\.\\d+)?)|(:=|[(|,=])|\\)(${PATH}*)`,
  'y',
);
const SYMBOLS = { '(': 'open', '|': 'pipe', ',': 'comma', ':=': 'declare', '=': 'assign' } as const;

/** Cuts a template into plain text and actions, with `{{-` and `-}}` already applied. */
export function lexTemplate(source: string): Piece[] {
  const pieces: Piece[] = [];
  let rest = source;
  let trimNext = false;
  for (;;) {
    const open = rest.indexOf('{{');
    let text = open < 0 ? rest : rest.slice(0, open);
    if (trimNext) text = text.trimStart();
    if (open < 0) {
      if (text) pieces.push({ text });
      return pieces;
    }
    const inside = rest.slice(open + 2);
    const trimBefore = /^-\s/.test(inside);
    if (trimBefore) text = text.trimEnd();
    if (text) pieces.push({ text });
    const close = closing(inside);
    const start = source.length - inside.length + (trimBefore ? 1 : 0);
    let body = inside.slice(trimBefore ? 1 : 0, close);
    trimNext = /\s-$/.test(body);
    if (trimNext) body = body.slice(0, -1);
    rest = inside.slice(close + 2);
    if (!body.trim().startsWith('/*')) pieces.push({ action: lexAction(body, start), source: body.trim() });
  }
}

/** Where `}}` stands that ends the action: not inside of a string. A quote that nothing closes is a character. */
function closing(text: string): number {
  const unclosed = new Set<string>();
  for (let at = 0; at < text.length; at++) {
    const c = text[at] ?? '';
    if (text.startsWith('}}', at)) return at;
    if ((c !== '"' && c !== '`') || unclosed.has(c)) continue;
    const end = endOfString(text, at, c);
    if (end === undefined) unclosed.add(c);
    else at = end;
  }
  throw new TemplateError('template: :1: unclosed action');
}

function endOfString(text: string, open: number, quote: string): number | undefined {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === quote) return at;
    if (text[at] === '\\' && quote === '"') at++;
  }
  return undefined;
}

/** `start` is where in the template `body` begins. */
function lexAction(body: string, start: number): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < body.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(body);
    if (!match) {
      throw new TemplateError(`template: :1: unexpected ${JSON.stringify(body[at] ?? '')} in command`);
    }
    const [whole, field, variable, variablePath, word, quoted, raw, number, symbol, closePath] = match;
    if (field) tokens.push({ kind: 'field', path: split(field), at: start + at });
    else if (variable)
      tokens.push({ kind: 'variable', name: variable.slice(1), path: split(variablePath ?? '') });
    else if (word) tokens.push({ kind: 'word', text: word });
    else if (quoted) tokens.push({ kind: 'value', value: unquote(quoted) });
    else if (raw) tokens.push({ kind: 'value', value: raw.slice(1, -1) });
    else if (number) tokens.push({ kind: 'value', value: Number(number) });
    else if (symbol) tokens.push({ kind: SYMBOLS[symbol as keyof typeof SYMBOLS] });
    else if (whole.startsWith(')')) tokens.push({ kind: 'close', path: split(closePath ?? '') });
  }
  return tokens;
}

function split(path: string): string[] {
  return path.split('.').filter(Boolean);
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\' };

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/g, (whole, letter: string) => ESCAPES[letter] ?? whole);
}
