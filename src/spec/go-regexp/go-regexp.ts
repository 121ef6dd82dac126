import { GoRegexpError, parseGoRegexp } from './parse.ts';
import { matches, stepsOf, TooLarge } from './program.ts';

/**
 * Compiles an expression of Go's `regexp`; the result says whether a text has a match. Why not translated to a
 * JavaScript expression: those go back on their steps, so `(a+)+$` of a stranger's could hold the daemon up for hours.
 * As in Go, the time is that of the expression's length times the text's. Throws GoRegexpError with Go's sentence.
 */
export function compileGoRegexp(source: string): (text: string) => boolean {
  const root = parseGoRegexp(source);
  try {
    const steps = stepsOf(root);
    return (text) => matches(steps, text);
  } catch (cause) {
    if (cause instanceof TooLarge) throw new GoRegexpError('expression too large', source.slice(0, 100));
    throw cause;
  }
}
