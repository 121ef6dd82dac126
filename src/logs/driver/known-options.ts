import { EngineError } from '../../base/mod.ts';

/** Options that any driver with tags and attributes has. */
export const COMMON_OPTIONS = ['env', 'env-regex', 'labels', 'labels-regex', 'tag'];

/** Refuses an option that is not among `known`. `sentence` makes Docker's words of its name. */
export function refuseOthers(
  options: Record<string, string>,
  known: readonly string[],
  sentence: (name: string) => string,
): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new EngineError('invalid', sentence(name));
  }
}
