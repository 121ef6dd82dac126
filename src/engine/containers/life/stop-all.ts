import type { ContainersContext } from '../context.ts';
import { stop } from '../stop.ts';
import { isRunning } from './status.ts';

/** Stops all containers for the daemon's own end; their restart policies start them again with the next one. */
export async function stopAll(context: ContainersContext, timeoutSeconds: number): Promise<void> {
  const running = context.directory.all().filter(({ status }) => isRunning(status));
  await Promise.allSettled(
    running.map((container) => stop(context, container, { timeoutSeconds, byHand: false })),
  );
}
