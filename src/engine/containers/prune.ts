import { messageOf, nowNano, parseTime } from '../../base/mod.ts';
import { checkFilterKeys, type Filters } from '../filters.ts';
import { matchesPruneLabels, untilOf } from '../prune-filters.ts';
import type { ContainersContext } from './context.ts';
import { isRunning } from './life/status.ts';
import { remove } from './remove.ts';

/** Removes all containers that do not run. */
export async function prune(
  context: ContainersContext,
  filters: Filters,
): Promise<{ deleted: string[]; spaceReclaimed: number }> {
  checkFilterKeys(filters, ['label', 'label!', 'until']);
  const until = untilOf(filters) ?? nowNano();
  const deleted: string[] = [];
  let spaceReclaimed = 0;
  for (const container of context.directory.all()) {
    const { record } = container;
    if (isRunning(container.status) || container.intent !== 'none') continue;
    if ((parseTime(record.created) ?? 0n) > until) continue;
    if (!matchesPruneLabels(filters, record.config.Labels)) continue;
    const size = await context.layers.mountSize(container.id);
    try {
      await remove(context, container, { force: false, volumes: false });
    } catch (error) {
      // Compat: one that was started meanwhile, or is in use, does not keep the others.
      context.log.warn('prune leaves a container', { id: container.id, error: messageOf(error) });
      continue;
    }
    deleted.push(container.id);
    spaceReclaimed += size;
  }
  context.events.publish('container', 'prune', '', { reclaimed: String(spaceReclaimed) });
  return { deleted, spaceReclaimed };
}
