import type { Cli } from '../../cli.ts';
import { type Command, NONE } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { printList, printTemplate } from '../../output/format-list.ts';
import { USAGE_FORMAT, usageRows } from '../../output/usage-row.ts';
import { type UsageSection, usageSections } from '../../output/usage-sections.ts';

interface Options {
  format: Flag<string>;
  verbose: Flag<boolean>;
}

export const df: Command<Options> = {
  operands: '[OPTIONS]',
  summary: 'Show what is on the disk',
  arity: NONE,
  flags: (flags) => ({
    format: flags.string('format', { usage: "'table', 'table TEMPLATE', 'json' or a Go template" }),
    verbose: flags.bool('verbose', { short: 'v', usage: 'Show each image, container and volume' }),
  }),
  async run(cli, { format, verbose }) {
    const answer = await cli.engine.system.df();
    if (!verbose.value) {
      printList(cli, format.value, USAGE_FORMAT, usageRows(answer));
      return 0;
    }
    const isTable = format.value === '' || format.value === 'table';
    const sections = usageSections(answer, isTable);
    if (isTable) printSections(cli, sections);
    else printTemplate(cli, format.value, Object.fromEntries(sections.map(({ key, rows }) => [key, rows])));
    return 0;
  },
};

function printSections(cli: Cli, sections: readonly UsageSection[]): void {
  for (const [i, { title, format, rows }] of sections.entries()) {
    cli.stdout.write(`${i === 0 ? '' : '\n'}${title}\n\n`);
    printList(cli, '', format, rows);
  }
}
