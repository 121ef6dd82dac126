const TOKENS = /"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|[^\s{}[\],:"]+/g;

/** The same JSON without spaces, keys and numbers untouched. */
export function compactJson(text: string): string {
  return Array.from(text.matchAll(TOKENS), ([token]) =>
    /^[{[]\s/.test(token) ? token.replace(/\s+/, '') : token,
  ).join('');
}

/**
 * The same JSON with 4 spaces a level, keys and numbers untouched (a number of 2^60 stays what it is).
 * Compat: Go's `json.Indent`, as `docker inspect` uses it.
 */
export function indentJson(text: string, prefix = ''): string {
  let out = '';
  let depth = 0;
  const line = () => `\n${prefix}${'    '.repeat(depth)}`;
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') {
      depth++;
      out += token + line();
    } else if (token === '}' || token === ']') {
      depth--;
      out += line() + token;
    } else if (token === ',') out += token + line();
    else if (token === ':') out += ': ';
    else out += token.startsWith('{') ? '{}' : token.startsWith('[') ? '[]' : token;
  }
  return out;
}
