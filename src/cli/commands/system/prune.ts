import type { Filters } from '../../../client/mod.ts';
import { type Command, NONE } from '../../command.ts';
import { filterFlag } from '../../filter-flag.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { naturalOrder } from '../../output/natural-order.ts';
import { humanSize } from '../../output/units.ts';
import {
  pruneBuildCache,
  pruneContainers,
  pruneImages,
  pruneNetworks,
  pruneVolumes,
} from '../../prune-nouns.ts';
import { confirm } from '../../session/confirm.ts';

interface Options {
  all: Flag<boolean>;
  filter: Flag<Filters>;
  force: Flag<boolean>;
  volumes: Flag<boolean>;
}

export const prune: Command<Options> = {
  operands: '[OPTIONS]',
  summary: 'Remove all that is not used',
  arity: NONE,
  flags: (flags) => ({
    all: flags.bool('all', { short: 'a', usage: 'All unused images, not only those without a tag' }),
    filter: filterFlag(flags, { short: '' }),
    force: flags.bool('force', { short: 'f', usage: 'Do not ask' }),
    volumes: flags.bool('volumes', { usage: 'Anonymous volumes, too' }),
  }),
  async run(cli, { all, filter, force, volumes }) {
    const filters = filter.value;
    if (volumes.value && filters['until']) {
      throw new Error('ERROR: The "until" filter is not supported with "--volumes"');
    }
    const question = warningOf({ all: all.value, volumes: volumes.value, filters });
    if (!force.value && !(await confirm(cli, question))) return 0;
    const steps = [
      pruneContainers,
      pruneNetworks,
      ...(volumes.value ? [pruneVolumes] : []),
      pruneImages,
      pruneBuildCache,
    ];
    let total = 0;
    for (const step of steps) {
      // What has a name of its own stays: "all" is about images and the build cache.
      const options = { all: all.value && step !== pruneVolumes, filters };
      const { text, reclaimed = 0 } = await step(cli, options);
      total += reclaimed;
      if (text !== '') cli.print(text);
    }
    cli.print(`Total reclaimed space: ${humanSize(total)}`);
    return 0;
  },
};

function warningOf(asked: { all: boolean; volumes: boolean; filters: Filters }): string {
  const warnings = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(asked.volumes ? ['all anonymous volumes not used by at least one container'] : []),
    asked.all ? 'all images without at least one container associated to them' : 'all dangling images',
    asked.all ? 'all build cache' : 'unused build cache',
  ];
  const filters = ['label', 'label!', 'until']
    .flatMap((name) => (asked.filters[name] ?? []).map((value) => `${name}=${value}`))
    .sort(naturalOrder);
  const list = (lines: string[]) => lines.map((line) => `\n  - ${line}`).join('');
  const filtered =
    filters.length > 0 ? `\n  Items to be pruned will be filtered with:${list(filters)}\n` : '';
  return `WARNING! This will remove:${list(warnings)}\n${filtered}\nAre you sure you want to continue?`;
}
