import type { Filters } from '../../../client/mod.ts';
import { type Command, NONE } from '../../command.ts';
import { filterFlag } from '../../filter-flag.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { type ListFormat, printList } from '../../output/format-list.ts';
import { naturalOrder } from '../../output/natural-order.ts';

interface Options {
  filter: Flag<Filters>;
  format: Flag<string>;
  noTrunc: Flag<boolean>;
  quiet: Flag<boolean>;
}

const FORMAT: ListFormat = {
  headers: {
    ID: 'NETWORK ID',
    Name: 'NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    IPv4: 'IPV4',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    Label: (name: unknown) => name,
    CreatedAt: 'CREATED AT',
  },
  table: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}',
  goType: '*network.networkContext',
};

export const ls: Command<Options> = {
  operands: '[OPTIONS]',
  summary: 'List networks',
  arity: NONE,
  aliases: ['network ls', 'network list'],
  flags: (flags) => ({
    filter: filterFlag(flags),
    format: flags.string('format', { usage: "'table', 'table TEMPLATE', 'json' or a Go template" }),
    noTrunc: flags.bool('no-trunc', { usage: 'Show everything in full' }),
    quiet: flags.bool('quiet', { short: 'q', usage: 'Only ids' }),
  }),
  async run(cli, { filter, format, noTrunc, quiet }) {
    const networks = await cli.engine.networks.list({ filters: filter.value });
    const rows = networks
      .sort((a, b) => naturalOrder(a.Name, b.Name))
      .map((network) => {
        const labels = network.Labels ?? {};
        return {
          ID: noTrunc.value ? network.Id : network.Id.slice(0, 12),
          Name: network.Name,
          Driver: network.Driver,
          Scope: network.Scope,
          IPv4: String(network.EnableIPv4 ?? false),
          IPv6: String(network.EnableIPv6 ?? false),
          Internal: String(network.Internal ?? false),
          Labels: Object.entries(labels)
            .map(([key, value]) => `${key}=${value}`)
            .join(','),
          Label: (name: unknown) => labels[String(name)] ?? '',
          CreatedAt: createdAt(network.Created),
        };
      });
    if (quiet.value) for (const { ID } of rows) cli.print(ID);
    else printList(cli, format.value, FORMAT, rows);
    return 0;
  },
};

function createdAt(text = '0001-01-01T00:00:00Z'): string {
  const match = /^([\d-]+)T([\d:]+(?:\.\d+)?)(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return text;
  const [, day, time, zone = 'Z'] = match;
  return zone === 'Z'
    ? `${day} ${time} +0000 UTC`
    : `${day} ${time} ${zone.replace(':', '')} ${zone.replace(':', '')}`;
}
