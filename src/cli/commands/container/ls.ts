import type { Filters, ListContainersOptions } from '../../../client/mod.ts';
import { type Command, NONE } from '../../command.ts';
import { filterFlag } from '../../filter-flag.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { containerFormat, containerRow } from '../../output/container-row.ts';
import { printList } from '../../output/format-list.ts';

interface Options {
  all: Flag<boolean>;
  filter: Flag<Filters>;
  format: Flag<string>;
  last: Flag<number>;
  latest: Flag<boolean>;
  noTrunc: Flag<boolean>;
  quiet: Flag<boolean>;
  size: Flag<boolean>;
}

export const ls: Command<Options> = {
  operands: '[OPTIONS]',
  summary: 'List containers',
  arity: NONE,
  aliases: ['container ls', 'container list', 'container ps', 'ps'],
  flags: (flags) => ({
    all: flags.bool('all', { short: 'a', usage: 'List those that do not run, too' }),
    filter: filterFlag(flags),
    format: flags.string('format', { usage: "'table', 'table TEMPLATE', 'json' or a Go template" }),
    last: flags.int('last', { short: 'n', usage: 'List the last created ones, in any state', initial: -1 }),
    latest: flags.bool('latest', { short: 'l', usage: 'List the last created one, in any state' }),
    noTrunc: flags.bool('no-trunc', { usage: 'Show everything in full' }),
    quiet: flags.bool('quiet', { short: 'q', usage: 'Only ids' }),
    size: flags.bool('size', { short: 's', usage: 'Show sizes' }),
  }),
  async run(cli, options) {
    const format = options.format.value;
    const size = options.size.value || /\{\{[^}]*\.Size\b|\{\{\s*json\s+\.\s*\}\}/.test(format);
    const limit = options.latest.value && options.last.value === -1 ? 1 : options.last.value;
    const query: ListContainersOptions = { all: options.all.value, size, filters: options.filter.value };
    if (limit > 0) query.limit = limit;
    const containers = await cli.engine.containers.list(query);
    const trunc = !options.noTrunc.value;
    const rows = containers.map((container) => containerRow(container, trunc));
    if (options.quiet.value && (format === '' || format === 'table'))
      for (const row of rows) cli.print(String(row['ID']));
    else printList(cli, format, containerFormat(options.size.value), rows);
    return 0;
  },
};
