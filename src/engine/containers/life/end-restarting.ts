import type { Container } from '../container.ts';
import { type ContainersContext, save, transition } from '../context.ts';

/**
 * True if the container was between two lives of its policy, and no longer is: it has no process, so it just stays
 * exited. Race: one that was started meanwhile is left to who asked.
 */
export async function endRestarting(context: ContainersContext, container: Container): Promise<boolean> {
  if (container.status !== 'restarting') return false;
  return await transition(context, container, async () => {
    if (container.status !== 'restarting') return false;
    giveUpRestart(context, container);
    return true;
  });
}

/** It is not started again: for who holds the lock of one that waits for that. */
export function giveUpRestart(context: ContainersContext, container: Container): void {
  container.cancelRestart();
  container.moveTo('exited');
  save(context, container);
  container.waiters.exited({ statusCode: container.record.state.exitCode });
}
