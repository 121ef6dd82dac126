import { EngineError } from '../../../base/mod.ts';

const WRONG: ReadonlySet<string> = new Set(['corrupt', 'invalid', 'unimplemented']);

/**
 * Whether another pull could go on from what one that ended so had done: not if the image itself is wrong, nor if the
 * disk is full.
 */
export function isWorthKeeping(failure: unknown): boolean {
  if (!(failure instanceof Error)) return true;
  const isWrong = failure instanceof EngineError && WRONG.has(failure.code);
  return !isWrong && !/no space left on device/.test(failure.message);
}
