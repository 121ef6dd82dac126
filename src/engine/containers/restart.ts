import { EngineError } from '../../base/mod.ts';
import type { Container } from './container.ts';
import { announce, type ContainersContext, transition } from './context.ts';
import { startLocked } from './start.ts';
import { stop } from './stop.ts';

/** Stops a container that runs, and starts it. `--rm` does not take it away in between. */
export async function restart(
  context: ContainersContext,
  container: Container,
  options: { timeoutSeconds?: number; signal?: string },
): Promise<void> {
  const { hostConfig } = container.record;
  const autoRemove = hostConfig.AutoRemove;
  hostConfig.AutoRemove = false;
  try {
    await stop(context, container, options).catch((error: unknown) => {
      if (!(error instanceof EngineError && error.code === 'not-modified')) throw error;
    });
    await transition(context, container, () => startLocked(context, container));
  } finally {
    hostConfig.AutoRemove = autoRemove;
  }
  announce(context, container, 'restart');
}
