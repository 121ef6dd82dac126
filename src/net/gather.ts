import { EngineError, messageOf } from '../base/mod.ts';

/** Runs all steps, whatever fails, and then throws what failed as one error. */
export async function gather(steps: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) {
    throw new EngineError('internal', errors.map(messageOf).join('; '), {
      cause: new AggregateError(errors),
    });
  }
}
