import type { Filters } from '../../../client/mod.ts';
import { type Command, NONE } from '../../command.ts';
import { filterFlag } from '../../filter-flag.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { printList } from '../../output/format-list.ts';
import { naturalOrder } from '../../output/natural-order.ts';
import { VOLUME_FORMAT, volumeRow } from '../../output/volume-row.ts';

interface Options {
  filter: Flag<Filters>;
  format: Flag<string>;
  quiet: Flag<boolean>;
}

export const ls: Command<Options> = {
  operands: '[OPTIONS]',
  summary: 'List volumes',
  arity: NONE,
  aliases: ['volume ls', 'volume list'],
  flags: (flags) => ({
    filter: filterFlag(flags),
    format: flags.string('format', { usage: "'table', 'table TEMPLATE', 'json' or a Go template" }),
    quiet: flags.bool('quiet', { short: 'q', usage: 'Only names' }),
  }),
  async run(cli, { filter, format, quiet }) {
    const { Volumes } = await cli.engine.volumes.list({ filters: filter.value });
    const rows = (Volumes ?? [])
      .sort((a, b) => naturalOrder(a.Name, b.Name))
      .map((volume) => volumeRow(volume));
    if (quiet.value) for (const { Name } of rows) cli.print(Name);
    else printList(cli, format.value, VOLUME_FORMAT, rows);
    return 0;
  },
};
