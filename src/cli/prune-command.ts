import type { Filters } from '../client/mod.ts';
import type { Cli } from './cli.ts';
import { type Command, NONE } from './command.ts';
import { filterFlag } from './filter-flag.ts';
import type { Flag } from './flags/flag-set.ts';
import { humanSize } from './output/units.ts';
import { confirm } from './session/confirm.ts';

/** What one kind of prune did. */
export interface Pruned {
  /** Lines to print, '' for none. */
  text: string;
  /** Bytes; undefined where that is not counted (networks). */
  reclaimed: number | undefined;
}

interface Options {
  all?: Flag<boolean>;
  filter: Flag<Filters>;
  force: Flag<boolean>;
}

interface Prunable {
  summary: string;
  /** If there is a flag `--all`: what it does. */
  all?: string;
  warning(all: boolean): string;
  prune(cli: Cli, options: { all: boolean; filters: Filters }): Promise<Pruned>;
}

/** The `prune` verb of one noun. */
export function pruneCommand({ summary, all, warning, prune }: Prunable): Command<Options> {
  return {
    operands: '[OPTIONS]',
    summary,
    arity: NONE,
    flags: (flags) => ({
      ...(all ? { all: flags.bool('all', { short: 'a', usage: all }) } : {}),
      filter: filterFlag(flags, { short: '' }),
      force: flags.bool('force', { short: 'f', usage: 'Do not ask' }),
    }),
    async run(cli, options) {
      const everything = options.all?.value ?? false;
      const question = `WARNING! ${warning(everything)}\nAre you sure you want to continue?`;
      if (!options.force.value && !(await confirm(cli, question))) return 0;
      const { text, reclaimed } = await prune(cli, { all: everything, filters: options.filter.value });
      if (text !== '') cli.print(text);
      if (reclaimed !== undefined) cli.print(`Total reclaimed space: ${humanSize(reclaimed)}`);
      return 0;
    },
  };
}

/** `Deleted Images:` and one line for each. */
export function deletedList(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `Deleted ${title}:\n${lines.map((line) => `${line}\n`).join('')}`;
}
