import { EngineError } from '../../../base/mod.ts';
import { type FoundVolume, forget, lookUp } from '../look-up.ts';
import { opError, saying } from '../op-error.ts';
import type { VolumesContext } from '../volumes-context.ts';

/** With `force`, an unknown name is no error, and what is on record goes even if the driver fails. */
export async function removeVolume(context: VolumesContext, name: string, force: boolean): Promise<void> {
  using _lock = await context.locks.acquire(name);
  const found = await saying('get', name, () => lookUp(context, name));
  if (!found) {
    if (force) return;
    throw noSuchVolume(name);
  }
  const users = context.known.usersOf(name);
  if (users.length > 0) {
    throw new EngineError('conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`);
  }
  await destroy(context, found, { force });
}

/** Removes it if no container uses it any more; says nothing if it is not there. */
export async function removeIfUnused(context: VolumesContext, name: string): Promise<void> {
  using _lock = await context.locks.acquire(name);
  if (!context.known.get(name) || context.known.usersOf(name).length > 0) return;
  const found = await saying('get', name, () => lookUp(context, name));
  if (found) await destroy(context, found);
}

/** For who holds the volume's lock, and knows that nobody uses it. */
async function destroy(
  context: VolumesContext,
  { record, driver }: FoundVolume,
  { force = false }: { force?: boolean } = {},
): Promise<void> {
  const { name } = record;
  try {
    if (record.driver === 'local' && context.mounts.isMounted(name))
      throw new EngineError('internal', 'volume has active mounts');
    await driver.remove(name);
  } catch (error) {
    if (force && record.driver !== 'local') await forget(context, record);
    throw opError('remove', name, error);
  }
  await forget(context, record);
  context.events.publish('volume', 'destroy', name, { driver: record.driver });
}

export function noSuchVolume(name: string): EngineError {
  return new EngineError('not-found', `get ${name}: no such volume`);
}
