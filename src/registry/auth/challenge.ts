/** One challenge of a `WWW-Authenticate` header. Spec: RFC 9110, 11.6.1. Names are in lower case. */
export interface Challenge {
  scheme: string;
  parameters: ReadonlyMap<string, string>;
}

const MAX_LENGTH = 16 << 10;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const PARAMETER =
  /([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~0-9A-Za-z:/-]+))/sy;
const TOKEN68 = /[0-9A-Za-z._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const SEPARATOR = /[ \t,]*/y;
const SPACE = /[ \t]+/y;

/**
 * The challenges in a header, or in several joined by commas as Node gives them. Lenient: what cannot be read ends
 * the list; what was read so far counts. Never throws.
 */
export function parseChallenges(header: string | undefined): Challenge[] {
  const text = (header ?? '').slice(0, MAX_LENGTH);
  const challenges: Challenge[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match ?? undefined;
  };
  for (take(SEPARATOR); at < text.length; take(SEPARATOR)) {
    const scheme = take(TOKEN)?.[0];
    if (scheme === undefined) break;
    const parameters = new Map<string, string>();
    challenges.push({ scheme: scheme.toLowerCase(), parameters });
    if (!take(SPACE)) continue;
    for (;;) {
      const before = at;
      take(SEPARATOR);
      const match = take(PARAMETER);
      if (!match) {
        at = before;
        break;
      }
      const [, name = '', quoted, plain = ''] = match;
      parameters.set(name.toLowerCase(), quoted === undefined ? plain : quoted.replace(/\\(.)/gs, '$1'));
    }
    if (parameters.size === 0) take(TOKEN68);
  }
  return challenges;
}
