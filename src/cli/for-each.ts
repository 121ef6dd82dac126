import type { Cli } from './cli.ts';
import { errorText } from './error-text.ts';

/**
 * Does `work` for each operand and prints what it returns; failures are printed and do not stop the others.
 * The exit code is 1 if any failed. Compat: the docker CLI runs up to 50 at once and reports in order; so do we.
 */
export async function forEachOperand(
  cli: Cli,
  operands: string[],
  work: (operand: string) => Promise<string | undefined>,
): Promise<number> {
  const runs = startInTurn(operands, async (operand) => {
    try {
      return { line: await work(operand) };
    } catch (error) {
      return { error };
    }
  });
  const failures: string[] = [];
  for (const run of runs) {
    const result = await run;
    if ('error' in result) failures.push(errorText(result.error));
    else if (result.line !== undefined) cli.print(result.line);
  }
  for (const failure of failures) cli.complain(failure);
  return failures.length > 0 ? 1 : 0;
}

const AT_ONCE = 50;

/** The promise of each operand's work, of which so many are under way at a time. */
function startInTurn<T>(operands: string[], work: (operand: string) => Promise<T>): Promise<T>[] {
  const runs: Promise<T>[] = [];
  for (const [i, operand] of operands.entries()) {
    const before = i < AT_ONCE ? undefined : runs[i - AT_ONCE];
    runs.push(before ? before.then(() => work(operand)) : work(operand));
  }
  return runs;
}
