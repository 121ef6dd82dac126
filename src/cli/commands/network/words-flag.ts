import { readCsv } from '../../container-options/csv.ts';
import type { Flag, FlagSet } from '../../flags/flag-set.ts';

/** A list of which one occurrence may hold several, parted by commas. Compat: pflag's `StringSlice`. */
export function wordsFlag(flags: FlagSet, name: string, usage: string): Flag<string[]> {
  return flags.add<string[]>(name, [], (text, before) => [...before, ...(text === '' ? [] : readCsv(text))], {
    type: 'strings',
    usage,
  });
}
