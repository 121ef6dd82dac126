import { EngineError, messageOf } from '../../base/mod.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { kill } from './kill.ts';
import { removeLocked } from './life/remove-locked.ts';
import { checkVerb, isRunning } from './life/status.ts';

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
  const { name, id } = container;
  // Somebody is at it already.
  if (container.intent === 'remove') checkVerb('rm', { status: 'removing', name, id });
  checkVerb(options.force ? 'rm -f' : 'rm', container);
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
    if (!options.force) checkVerb('rm', container);
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
