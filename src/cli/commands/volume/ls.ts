import type { Filters } from '../../../client/mod.ts';
import { type Command, NONE } from '../../command.ts';
import { filterFlag } from '../../filter-flag.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { type ListFormat, printList } from '../../output/format-list.ts';
import { naturalOrder } from '../../output/natural-order.ts';

interface Options {
  filter: Flag<Filters>;
  format: Flag<string>;
  quiet: Flag<boolean>;
}

const UNKNOWN = 'N/A';

const FORMAT: ListFormat = {
  headers: {
    Name: 'VOLUME NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Mountpoint: 'MOUNTPOINT',
    Labels: 'LABELS',
    Label: (name: unknown) => name,
    Links: 'LINKS',
    Size: 'SIZE',
    Group: 'GROUP',
    Availability: 'AVAILABILITY',
    Status: 'STATUS',
  },
  table: '{{.Driver}}\t{{.Name}}',
  goType: '*formatter.volumeContext',
};

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
      .map((volume) => {
        const labels = volume.Labels ?? {};
        return {
          Name: volume.Name,
          Driver: volume.Driver,
          Scope: volume.Scope,
          Mountpoint: volume.Mountpoint,
          Labels: Object.entries(labels)
            .map(([key, value]) => `${key}=${value}`)
            .join(','),
          Label: (name: unknown) => labels[String(name)] ?? '',
          Links: UNKNOWN,
          Size: UNKNOWN,
          Group: UNKNOWN,
          Availability: UNKNOWN,
          Status: UNKNOWN,
        };
      });
    if (quiet.value) for (const { Name } of rows) cli.print(Name);
    else printList(cli, format.value, FORMAT, rows);
    return 0;
  },
};
