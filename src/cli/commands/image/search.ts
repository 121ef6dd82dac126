import type { Filters, SearchHit } from '../../../client/mod.ts';
import { type Command, exactly } from '../../command.ts';
import { filterFlag } from '../../filter-flag.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { type ListFormat, printList } from '../../output/format-list.ts';
import { ellipsis } from '../../output/text.ts';
import { registryAuth } from '../../session/registry-auth.ts';

interface Options {
  filter: Flag<Filters>;
  format: Flag<string>;
  limit: Flag<number>;
  noTrunc: Flag<boolean>;
}

const DESCRIPTION_WIDTH = 45;

const FORMAT: ListFormat = {
  headers: { Name: 'NAME', Description: 'DESCRIPTION', StarCount: 'STARS', IsOfficial: 'OFFICIAL' },
  table: '{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}',
  goType: '*registry.searchContext',
};

export const search: Command<Options> = {
  operands: '[OPTIONS] TERM',
  summary: 'Search Docker Hub, or the registry that the term names',
  arity: exactly(1),
  flags: (flags) => ({
    filter: filterFlag(flags),
    format: flags.string('format', { usage: "'table', 'table TEMPLATE', 'json' or a Go template" }),
    limit: flags.int('limit', { usage: 'Most results' }),
    noTrunc: flags.bool('no-trunc', { usage: 'Show everything in full' }),
  }),
  async run(cli, { filter, format, limit, noTrunc }, [term = '']) {
    const auth = await registryAuth(cli.env, { domain: indexOf(term) });
    const hits = await cli.engine.images.search(term, {
      filters: filter.value,
      ...(limit.value > 0 ? { limit: limit.value } : {}),
      ...(auth ? { auth } : {}),
    });
    const isJson = format.value === 'json';
    const rows = hits.map((hit) => ({
      Name: hit.name,
      Description: describe(hit, !noTrunc.value),
      StarCount: String(hit.star_count),
      IsOfficial: isJson ? String(hit.is_official) : hit.is_official ? '[OK]' : '',
    }));
    printList(cli, format.value, FORMAT, rows);
    return 0;
  },
};

function describe({ description }: SearchHit, trunc: boolean): string {
  const line = description.replace(/[\n\r]/g, ' ');
  return trunc ? ellipsis(line, DESCRIPTION_WIDTH) : line;
}

/** The registry that a term names. */
function indexOf(term: string): string {
  const [first = '', ...rest] = term.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
}
