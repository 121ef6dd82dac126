/**
 * The same JSON with 4 spaces a level, keys and numbers untouched (a number of 2^60 stays what it is).
 * Compat: Go's `json.Indent`, as `docker inspect` uses it.
 */
export function indentJson(text: string, prefix = ''): string {
  let out = '';
  let depth = 0;
  const line = () => `\n${prefix}${'    '.repeat(depth)}`;
  const tokens = /"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|[^\s{}[\],:"]+/g;
  for (const [token] of text.matchAll(tokens)) {
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
