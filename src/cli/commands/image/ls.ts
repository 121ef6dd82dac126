import type { Filters } from '../../../client/mod.ts';
import type { ImageSummary } from '../../../spec/docker/mod.ts';
import type { Cli } from '../../cli.ts';
import { between, type Command } from '../../command.ts';
import { filterFlag } from '../../filter-flag.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { printList } from '../../output/format-list.ts';
import { imageFormat, imageRows } from '../../output/image-row.ts';

interface Options {
  all: Flag<boolean>;
  digests: Flag<boolean>;
  filter: Flag<Filters>;
  format: Flag<string>;
  noTrunc: Flag<boolean>;
  quiet: Flag<boolean>;
  tree: Flag<boolean>;
}

export const ls: Command<Options> = {
  operands: '[OPTIONS] [REPOSITORY[:TAG]]',
  summary: 'List images',
  arity: between(0, 1),
  aliases: ['image ls', 'image list', 'images'],
  flags: (flags) => ({
    all: flags.bool('all', { short: 'a', usage: 'List intermediate images, too' }),
    digests: flags.bool('digests', { usage: 'Show digests' }),
    filter: filterFlag(flags),
    format: flags.string('format', { usage: "'table', 'table TEMPLATE', 'json' or a Go template" }),
    noTrunc: flags.bool('no-trunc', { usage: 'Show everything in full' }),
    quiet: flags.bool('quiet', { short: 'q', usage: 'Only ids' }),
    tree: flags.bool('tree', { usage: 'What each image has for which platform, as a tree' }),
  }),
  async run(cli, options, [repository]) {
    const format = options.format.value;
    const filters = { ...options.filter.value, ...(repository ? { reference: [repository] } : {}) };
    if (options.tree.value) return await printTree(cli, options, filters);
    const images = await cli.engine.images.list({ all: options.all.value, filters });
    const quiet = options.quiet.value && (format === '' || format === 'table');
    const digests = (options.digests.value && !quiet) || /\{\{[^}]*\.Digest\b/.test(format);
    const rows = images.flatMap((image) => imageRows(image, { trunc: !options.noTrunc.value, digests }));
    if (quiet) for (const row of rows) cli.print(String(row['ID']));
    else printList(cli, format, imageFormat(digests), rows);
    return 0;
  },
};

/** Compat: docker/cli `image/list.go`: the other ways to print are refused, in these words. */
async function printTree(cli: Cli, options: Options, filters: Filters): Promise<number> {
  const refused =
    (options.quiet.value && '--quiet') ||
    (options.noTrunc.value && '--no-trunc') ||
    (options.digests.value && '--show-digest') ||
    (options.format.value !== '' && '--format');
  if (refused) throw new Error(`${refused} is not yet supported with --tree`);
  const all = options.all.value;
  const images = await cli.engine.images.list({ all, filters, manifests: true });
  const { imageTree } = await import('../../output/image-tree.ts');
  const { stdout } = cli;
  const terminal = { columns: stdout.columns(), isTerminal: stdout.isTerminal };
  for (const line of imageTree(all ? images : images.filter(hasName), terminal)) cli.print(line);
  return 0;
}

function hasName({ RepoTags, RepoDigests }: ImageSummary): boolean {
  return [...(RepoTags ?? []), ...(RepoDigests ?? [])].some((name) => !name.startsWith('<none>'));
}
