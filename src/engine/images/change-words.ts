/** Looks a variable up: undefined if it is not set. */
export type Lookup = (name: string) => string | undefined;

const VARIABLE = /^\$(?:\{([A-Za-z_][A-Za-z0-9_]*)(?::([-+])([^}]*))?\}|([A-Za-z_][A-Za-z0-9_]*))/;

/**
 * Words separated by blanks, as the Dockerfile's shell takes them: quotes and backslashes removed, variables replaced
 * but in single quotes; one that is not set is nothing. Spec: Dockerfile reference, "Environment replacement".
 */
export function splitWords(text: string, lookup: Lookup): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (quote === '' && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word ??= '';
    if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === '\\' && quote !== "'") word += text[++at] ?? '';
    else if (char === '$' && quote !== "'") {
      const found = VARIABLE.exec(text.slice(at));
      word += found ? expanded(found, lookup) : char;
      if (found) at += found[0].length - 1;
    } else word += char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** All of a text as one word. */
export function expandText(text: string, lookup: Lookup): string {
  return splitWords(`"${text.replaceAll('"', '\\"')}"`, lookup)[0] ?? '';
}

function expanded([, braced, operator, other = '', bare]: RegExpExecArray, lookup: Lookup): string {
  const value = lookup(braced ?? bare ?? '') ?? '';
  if (operator === '-') return value === '' ? other : value;
  if (operator === '+') return value === '' ? '' : other;
  return value;
}
