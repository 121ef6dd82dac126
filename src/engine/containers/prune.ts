import { EngineError, messageOf, nowNano, parseTime } from '../../base/mod.ts';
import { checkFilterKeys, type Filters, matchesLabels, valuesOf } from '../filters.ts';
import { parseMoment } from '../moment.ts';
import type { ContainersContext } from './context.ts';
import { remove } from './remove.ts';
import { isRunning } from './status.ts';

/** Removes all containers that do not run. */
export async function prune(
  context: ContainersContext,
  filters: Filters,
): Promise<{ deleted: string[]; spaceReclaimed: number }> {
  checkFilterKeys(filters, ['label', 'label!', 'until']);
  const [untilText, ...more] = valuesOf(filters, 'until');
  if (more.length > 0) throw new EngineError('invalid', 'more than one until filter specified');
  const until = untilText === undefined ? nowNano() : parseMoment(untilText, nowNano());
  const deleted: string[] = [];
  let spaceReclaimed = 0;
  for (const container of context.directory.all()) {
    const { record } = container;
    if (isRunning(container.status) || container.intent !== 'none') continue;
    if ((parseTime(record.created) ?? 0n) > until) continue;
    if (!matchesLabels(filters, record.config.Labels)) continue;
    if (filters.has('label!') && matchesLabels(filters, record.config.Labels, 'label!')) continue;
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
