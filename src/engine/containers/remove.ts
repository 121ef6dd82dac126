import { EngineError, messageOf } from '../../base/mod.ts';
import type { Container } from './container.ts';
import { announce, type ContainersContext, save } from './context.ts';
import { forgetExecsSoon } from './exec/drop-execs.ts';
import { kill } from './kill.ts';
import { intendRemove } from './remove-intent.ts';
import { cancelRestart } from './restart-policy.ts';
import { isRunning } from './status.ts';

/**
 * Removes a container; with `force` kills it first, and ends a start that is under way. Two at once: the second is
 * told so.
 */
export async function remove(
  context: ContainersContext,
  container: Container,
  options: { force: boolean; volumes: boolean; link?: boolean },
): Promise<void> {
  if (options.link) {
    throw new EngineError('conflict', 'Conflict, cannot remove the default link name of the container');
  }
  if (container.intent === 'remove') {
    throw new EngineError('conflict', `removal of container ${container.name} is already in progress`);
  }
  if (isRunning(container.status) && !options.force) throw stillThere(container);
  container.intent = 'remove';
  container.removedByForce = options.force;
  try {
    for (let left = await removeStopped(context, container, options); left; ) {
      if (left === 'running') await killFirst(context, container);
      else await container.telling;
      left = await removeStopped(context, container, options);
    }
  } finally {
    container.intent = 'none';
    container.removedByForce = false;
  }
}

/** What stands in the way, if something does. Nothing starts it again: a start looks at `removedByForce`. */
async function removeStopped(
  context: ContainersContext,
  container: Container,
  options: { force: boolean; volumes: boolean },
): Promise<'running' | 'telling' | undefined> {
  using _lock = await (options.force
    ? lockOverStart(context, container)
    : context.locks.acquire(container.id));
  // An exit with `--rm` may have removed it while we waited for the lock.
  if (context.directory.get(container.id) !== container) return undefined;
  if (isRunning(container.status)) {
    if (!options.force) throw stillThere(container);
    if (container.status !== 'restarting') return 'running';
  }
  // Its end is told before its removal.
  if (container.telling) return 'telling';
  await removeLocked(context, container, options);
  return undefined;
}

/** Waits for the container's lock; a start that holds it, maybe for as long as the OCI runtime hangs, is ended. */
async function lockOverStart(context: ContainersContext, container: Container): Promise<Disposable> {
  const lock = context.locks.acquire(container.id);
  // One that waits for the lock before us ends when it has it: it sees `removedByForce`.
  container.starting?.abort();
  return await lock;
}

async function killFirst(context: ContainersContext, container: Container): Promise<void> {
  try {
    await kill(context, container, 'SIGKILL');
  } catch (error) {
    if (!isRunning(container.status)) return;
    throw new EngineError(
      'internal',
      `cannot remove container "${container.name}": could not kill: ${messageOf(error)}`,
      { cause: error },
    );
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
  using _intent = intendRemove(context, container);
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
  // Who attached before a start that never came.
  await context.logs.unregister(container.id).catch(() => {});
  forgetExecsSoon(context, container);
  announce(context, container, 'destroy');
  container.waiters.removed({ statusCode: exitCode });
}

/** The volumes without a name that nobody else uses. One that cannot be removed does not keep the container. */
async function removeVolumes(context: ContainersContext, { id, record }: Container): Promise<void> {
  for (const { Type, Name, Spec } of Object.values(record.mountPoints)) {
    // Compat: what Docker 20.10 made without a name has no other mark.
    const isAnonymous = context.volumes.get(Name)?.anonymous || (Spec !== undefined && !Spec['Source']);
    if (Type !== 'volume' || !isAnonymous) continue;
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
