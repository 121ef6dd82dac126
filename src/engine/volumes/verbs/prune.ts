import { EngineError, messageOf } from '../../../base/mod.ts';
import type { VolumeRecord } from '../../../store/mod.ts';
import { booleanFilter, checkFilterKeys, type Filters, valuesOf } from '../../filters.ts';
import { matchesPruneLabels } from '../../prune-filters.ts';
import type { VolumeWithUsage } from '../volumes.ts';
import type { VolumesContext } from '../volumes-context.ts';
import { inspectVolume } from './inspect.ts';
import { removeIfUnused } from './remove.ts';

/** Compat: what is mounted from somewhere else takes no space here, and is neither counted nor pruned. */
function isOnDisk({ driver, options }: VolumeRecord): boolean {
  return driver === 'local' && Object.keys(options ?? {}).length === 0;
}

/** Removes volumes that no container uses: those without a name, unless the filter `all` is true. */
export async function pruneVolumes(
  context: VolumesContext,
  filters: Filters,
): Promise<{ deleted: string[]; spaceReclaimed: number }> {
  checkFilterKeys(filters, ['all', 'label', 'label!']);
  const all = isForAll(filters);
  const deleted: string[] = [];
  let spaceReclaimed = 0;
  for (const record of context.known.all()) {
    const { name } = record;
    if (!isOnDisk(record) || (!all && !record.anonymous)) continue;
    if (!matchesPruneLabels(filters, record.labels) || context.known.usersOf(name).length > 0) continue;
    const size = await context.measure(context.records.mountpoint(name));
    try {
      await removeIfUnused(context, name);
    } catch (error) {
      context.log.warn('prune leaves a volume', { name, error: messageOf(error) });
      continue;
    }
    // Race: while it was measured, it may have come into use.
    if (context.known.get(name)) continue;
    deleted.push(name);
    spaceReclaimed += size;
  }
  context.events.publish('volume', 'prune', '', { reclaimed: String(spaceReclaimed) });
  return { deleted, spaceReclaimed };
}

function isForAll(filters: Filters): boolean {
  const values = valuesOf(filters, 'all');
  if (values.length > 1) {
    const given = `[${values.join(' ')}]`;
    throw new EngineError('invalid', `invalid filter 'all=${given}': only one value is expected`);
  }
  return booleanFilter(filters, 'all') === true;
}

/** The volumes that take space here, with how much; their trees are walked. */
export async function usageOfVolumes(context: VolumesContext): Promise<VolumeWithUsage[]> {
  const records = context.known.all().filter(isOnDisk);
  const found = await Promise.all(
    records.map(async ({ name }) => {
      const Size = await context.measure(context.records.mountpoint(name));
      // Race: it may have gone meanwhile.
      if (!context.known.get(name)) return [];
      const UsageData = { Size, RefCount: context.known.usersOf(name).length };
      return [{ ...(await inspectVolume(context, name)), UsageData }];
    }),
  );
  return found.flat();
}
