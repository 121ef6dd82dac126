/** Splits at the first `separator`: before, after, and whether there was one. */
export function cut(text: string, separator: string): [before: string, after: string, found: boolean] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, '', false] : [text.slice(0, at), text.slice(at + separator.length), true];
}

/** `k=v` texts as a map; a text without `=` maps to ''. */
export function keyValues(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map((text) => cut(text, '=').slice(0, 2) as [string, string]));
}
