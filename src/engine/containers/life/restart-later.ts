import { messageOf } from '../../../base/mod.ts';
import type { Container } from '../container.ts';
import { type ContainersContext, transitionOnceCleared } from '../context.ts';
import { startLocked } from '../start.ts';
import { giveUpRestart } from './end-restarting.ts';
import { nextDelay } from './restart-policy.ts';
import { ANSWERS } from './status.ts';

/** Starts the container again after its back-off, which doubles at each quick exit. */
export function restartLater(context: ContainersContext, container: Container, ranSeconds: number): void {
  container.restartDelay = nextDelay(container.restartDelay, ranSeconds);
  container.restartTimer = setTimeout(() => {
    restartNow(context, container).catch((error: unknown) => {
      context.log.warn('restart by policy failed', { id: container.id, error: messageOf(error) });
    });
  }, container.restartDelay);
}

async function restartNow(context: ContainersContext, container: Container): Promise<void> {
  await transitionOnceCleared(context, container, async () => {
    if (ANSWERS.policy[container.status] !== 'goes') return;
    try {
      await startLocked(context, container);
    } catch (error) {
      // Compat: a start that fails is not tried again.
      giveUpRestart(context, container);
      throw error;
    }
  });
}
