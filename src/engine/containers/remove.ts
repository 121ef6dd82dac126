import { EngineError, messageOf } from '../../base/mod.ts';
import type { Container } from './container.ts';
import { announce, type ContainersContext, save, transition } from './context.ts';
import { kill } from './kill.ts';
import { cancelRestart } from './restart-policy.ts';
import { isRunning } from './status.ts';

/** Removes a container; with `force` kills it first. Two at once: the second is told so. */
export async function remove(
  context: ContainersContext,
  container: Container,
  options: { force: boolean; volumes: boolean },
): Promise<void> {
  if (container.intent === 'remove') {
    throw new EngineError('conflict', `removal of container ${container.name} is already in progress`);
  }
  if (isRunning(container.status)) {
    if (!options.force) throw stillThere(container);
    container.intent = 'remove';
    try {
      await kill(context, container, 'SIGKILL');
    } catch (error) {
      if (isRunning(container.status)) {
        container.intent = 'none';
        throw new EngineError(
          'internal',
          `cannot remove container "${container.name}": could not kill: ${messageOf(error)}`,
          {
            cause: error,
          },
        );
      }
    }
  }
  container.intent = 'remove';
  try {
    await transition(context, container, async () => {
      // An exit with `--rm` may have removed it while we waited for the lock.
      if (context.directory.get(container.id) !== container) return;
      if (isRunning(container.status)) throw stillThere(container);
      await removeLocked(context, container, options);
    });
  } finally {
    container.intent = 'none';
  }
}

/** The removal itself, for who holds the container's lock: layers, volumes, record, in an order that a restart goes on with. */
export async function removeLocked(
  context: ContainersContext,
  container: Container,
  options: { volumes: boolean },
): Promise<void> {
  cancelRestart(container);
  const exitCode = container.record.state.exitCode;
  container.moveTo('removing');
  if (options.volumes) container.record.minke.removeVolumes = true;
  // Crash: a container on record as removing is removed by the next start.
  if (!container.record.hostConfig.AutoRemove) save(context, container);
  try {
    await context.layers.removeMount(container.id);
    context.directory.remove(container);
    if (options.volumes) await removeVolumes(context, container);
    context.records.remove(container.id);
  } catch (error) {
    context.directory.add(container);
    container.moveTo('dead');
    save(context, container);
    container.waiters.removed({ statusCode: exitCode, error: messageOf(error) });
    throw new EngineError('internal', `container ${container.id}: ${messageOf(error)}`, { cause: error });
  }
  announce(context, container, 'destroy');
  container.waiters.removed({ statusCode: exitCode });
}

/** The volumes without a name that nobody else uses. One that cannot be removed does not keep the container. */
async function removeVolumes(context: ContainersContext, { id, record }: Container): Promise<void> {
  for (const { Type, Name } of Object.values(record.mountPoints)) {
    if (Type !== 'volume' || !context.volumes.get(Name)?.anonymous) continue;
    await context.volumes.removeIfUnused(Name).catch((error: unknown) => {
      context.log.warn('cannot remove a volume of a container', { id, Name, error: messageOf(error) });
    });
  }
}

function stillThere(container: Container): EngineError {
  const advice = container.status === 'paused' ? 'unpause and then stop' : 'stop';
  const state = container.status === 'restarting' ? 'restarting' : container.status;
  return new EngineError(
    'conflict',
    `cannot remove container "${container.name}": container is ${state}: ${advice} the container before removing or force remove`,
  );
}
