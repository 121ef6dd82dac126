import { formatTime, isEngineError, messageOf } from '../../../base/mod.ts';
import type { ContainerExit } from '../../../runtime/mod.ts';
import type { Container } from '../container.ts';
import { type ContainersContext, save, transition } from '../context.ts';
import { beginAftermath } from './aftermath.ts';
import { shouldRestart } from './restart-policy.ts';
import { isRunning } from './status.ts';

/**
 * From a process's exit to its record, once all its output is in the log; what follows is `beginAftermath`'s. The
 * container's lock is held for the record alone: `kill` and `rm -f` go through whatever else takes its time, be it an
 * output that does not end or a cgroup that does not empty.
 */
export async function handleExit(context: ContainersContext, exit: ContainerExit): Promise<void> {
  const container = context.directory.get(exit.id);
  if (!container) {
    await context.runtime.delete(exit.id);
    return;
  }
  if (await takeExit(context, container, exit)) await container.clearing;
  else await context.runtime.acknowledgeExit(exit.id, exit.startNumber);
}

/** False where it is the end of another life than the one that is going on: it is on record already. */
async function takeExit(
  context: ContainersContext,
  container: Container,
  exit: ContainerExit,
): Promise<boolean> {
  // Race: a start that let it run a moment ago has the lock until that is on record.
  if (!(await transition(context, container, async () => isOfThisLife(container, exit)))) return false;
  await drain(context, exit);
  return await transition(context, container, async () => {
    if (!isOfThisLife(container, exit)) return false;
    recordExit(context, container, exit);
    beginAftermath(context, container, exit);
    return true;
  });
}

/** Also without its last words it has ended. Crash: at a shutdown the exit stays for the next daemon, and so do they. */
async function drain(context: ContainersContext, { id }: ContainerExit): Promise<void> {
  await context.logs.drain(id).catch((error: unknown) => {
    if (isEngineError(error, 'cancelled')) throw error;
    context.log.error('the last output of a container is lost', { id, error: messageOf(error) });
  });
}

function isOfThisLife({ record, status }: Container, exit: ContainerExit): boolean {
  return record.minke.startNumber === exit.startNumber && isRunning(status);
}

function recordExit(context: ContainersContext, container: Container, exit: ContainerExit): void {
  const { record } = container;
  Object.assign(record.state, {
    pid: 0,
    exitCode: exit.exitCode,
    oomKilled: exit.oomKilled,
    error: exit.error ?? '',
    finishedAt: formatTime(BigInt(Math.round(exit.at * 1000)) * 1000n),
  });
  context.health.ended(container);
  if (shouldRestart(container, exit.exitCode)) {
    container.moveTo('restarting');
    record.restartCount += 1;
  } else container.moveTo('exited');
  // Crash: from here on the exit is on record; the restore takes down what is left of the kernel objects.
  try {
    save(context, container);
  } catch (error) {
    // A full disk: whoever waits must hear of it all the same.
    context.log.error('the exit of a container is not on record', { id: exit.id, error: messageOf(error) });
  }
}
