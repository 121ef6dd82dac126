import type { Filters } from '../client/mod.ts';
import type { Flag, FlagSet } from './flags/flag-set.ts';

/** `--filter name=value`, repeatable; `-f` unless that means something else. */
export function filterFlag(flags: FlagSet, { short = 'f' } = {}): Flag<Filters> {
  return flags.add<Filters>('filter', {}, add, {
    ...(short ? { short } : {}),
    type: 'filter',
    usage: 'List only what matches',
  });
}

function add(text: string, before: Filters): Filters {
  const equals = text.indexOf('=');
  if (text === '') return before;
  if (equals < 0) throw new Error('bad format of filter (expected name=value)');
  const name = text.slice(0, equals).trim().toLowerCase();
  const value = text.slice(equals + 1).trim();
  return { ...before, [name]: [...(before[name] ?? []), value] };
}
