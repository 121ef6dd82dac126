import { messageOf } from '../../base/mod.ts';
import type { Container } from './container.ts';
import { type ContainersContext, save, transitionOnceCleared } from './context.ts';
import { startLocked } from './start.ts';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
/** A life of this many seconds starts the back-off anew. */
const STEADY_SECONDS = 10;

/** What the container's policy says about an exit. Compat: moby `restartmanager`. */
export function shouldRestart(container: Container, exitCode: number): boolean {
  const { RestartPolicy: policy } = container.record.hostConfig;
  if (container.intent !== 'none' || container.record.hasBeenManuallyStopped) return false;
  switch (policy.Name) {
    case 'always':
    case 'unless-stopped':
      return true;
    case 'on-failure':
      return (
        exitCode !== 0 &&
        (policy.MaximumRetryCount === 0 || container.record.restartCount < policy.MaximumRetryCount)
      );
    default:
      return false;
  }
}

/** Starts the container again after its back-off, which doubles at each quick exit. */
export function scheduleRestart(context: ContainersContext, container: Container, ranSeconds: number): void {
  const longer = container.restartDelay === 0 ? FIRST_DELAY_MS : container.restartDelay * 2;
  container.restartDelay = ranSeconds >= STEADY_SECONDS ? FIRST_DELAY_MS : Math.min(longer, LONGEST_DELAY_MS);
  container.restartTimer = setTimeout(() => {
    restartNow(context, container).catch((error: unknown) => {
      context.log.warn('restart by policy failed', { id: container.id, error: messageOf(error) });
    });
  }, container.restartDelay);
}

/** The container will not be started again by its policy. */
export function cancelRestart(container: Container): void {
  clearTimeout(container.restartTimer);
  container.restartTimer = undefined;
}

async function restartNow(context: ContainersContext, container: Container): Promise<void> {
  await transitionOnceCleared(context, container, async () => {
    if (container.status !== 'restarting') return;
    try {
      await startLocked(context, container);
    } catch (error) {
      container.moveTo('exited');
      save(context, container);
      container.waiters.exited({ statusCode: container.record.state.exitCode });
      throw error;
    }
  });
}
