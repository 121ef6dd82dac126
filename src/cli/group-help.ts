import type { Group } from './commands/tree.ts';
import { FlagSet } from './flags/flag-set.ts';
import { flagLines } from './flags/usage.ts';
import { globalFlags } from './global-flags.ts';

/** Help of `minke` itself and of its nouns. */
export function groupHelp(group: Group, names: string[]): string {
  const name = ['minke', ...names].join(' ');
  const entries = Object.entries(group.commands).filter(([, entry]) => !('alias' in entry));
  const width = Math.max(...entries.map(([verb]) => verb.length));
  const line = ([verb, entry]: (typeof entries)[number]) => `  ${verb.padEnd(width)}   ${entry.summary}`;
  const nouns = entries.filter(([, entry]) => 'commands' in entry);
  const verbs = entries.filter(([, entry]) => !('commands' in entry));
  const parts = [
    names.length > 0 ? `Usage:  ${name} COMMAND` : `Usage:  ${name} [OPTIONS] COMMAND`,
    group.summary,
    ...(nouns.length > 0 ? [`Management Commands:\n${nouns.map(line).join('\n')}`] : []),
    `Commands:\n${verbs.map(line).join('\n')}`,
  ];
  if (names.length === 0) {
    const flags = new FlagSet();
    globalFlags(flags);
    const shown = flags.all().filter((flag) => !flag.hidden);
    parts.push(`Global Options:\n${flagLines(shown).join('\n')}`);
  }
  parts.push(`Run '${name} COMMAND --help' for more information on a command.`);
  return `${parts.join('\n\n')}\n`;
}
