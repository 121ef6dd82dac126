import { messageOf, parseTime } from '../../../base/mod.ts';
import { announce, type ContainersContext } from '../context.ts';
import { forgetIntent, intentsLeft, noteIntent } from './intent-notes.ts';

/**
 * Notes in the exec-root that a container is being created, until the result is disposed of. Crash: the restore finds
 * by it the volumes without a name that nobody would ever use. Why not by the lack of a container alone: such volumes
 * stay on purpose when a container is removed without them, by us or by Docker.
 */
export function intendCreate(context: ContainersContext, id: string): Disposable {
  return noteIntent(context, 'creating', id);
}

/** After a start of the daemon, with all records read: undoes the creates that were cut off. */
export async function undoCutOffCreates(context: ContainersContext): Promise<void> {
  for (const id of intentsLeft(context, 'creating')) {
    try {
      if (!context.records.has(id)) await context.volumes.removeMadeFor(id);
      tellCreateOnce(context, id);
      forgetIntent(context, 'creating', id);
    } catch (error) {
      context.log.error('cannot undo a create that was cut off', { id, error: messageOf(error) });
    }
  }
}

/** The container was made whole, and maybe nobody heard of it. */
function tellCreateOnce(context: ContainersContext, id: string): void {
  const container = context.directory.get(id);
  if (!container) return;
  const since = parseTime(container.record.created) ?? 0n;
  if (!context.events.happened('create', id, since)) announce(context, container, 'create');
}
