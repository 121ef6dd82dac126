import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, parseTime } from '../../base/mod.ts';
import { announce, type ContainersContext } from './context.ts';

/**
 * Notes in the exec-root that a container is being created, until the result is disposed of. Crash: the restore finds
 * by it the volumes without a name that nobody would ever use. Why not by the lack of a container alone: such volumes
 * stay on purpose when a container is removed without them, by us or by Docker.
 */
export function intendCreate(context: ContainersContext, id: string): Disposable {
  const directory = directoryOf(context);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, id);
  writeFileSync(path, '');
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

/** After a start of the daemon, with all records read: undoes the creates that were cut off. */
export async function undoCutOffCreates(context: ContainersContext): Promise<void> {
  for (const id of cutOff(directoryOf(context))) {
    try {
      if (!context.records.has(id)) await context.volumes.removeMadeFor(id);
      tellCreateOnce(context, id);
      rmSync(join(directoryOf(context), id), { force: true });
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

function directoryOf({ settings }: ContainersContext): string {
  return join(settings.execRoot, 'creating');
}

function cutOff(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
