import { COMMON_OPTIONS, refuseOthers } from '../known-options.ts';

/** `journald` has no options of its own; throws `invalid` in Docker's words. */
export function journaldOptions(options: Record<string, string>): void {
  refuseOthers(options, COMMON_OPTIONS, (name) => `unknown log opt '${name}' for journald log driver`);
}
