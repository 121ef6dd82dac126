import { EngineError } from '../../base/mod.ts';
import type { Container } from './container.ts';
import { announce, type ContainersContext } from './context.ts';
import { start } from './start.ts';
import { stop } from './stop.ts';

/** Stops a container that runs, and starts it. `--rm` does not take it away in between. */
export async function restart(
  context: ContainersContext,
  container: Container,
  options: { timeoutSeconds?: number; signal?: string; byHand?: boolean },
): Promise<void> {
  const unlessNotModified = (error: unknown) => {
    if (!(error instanceof EngineError && error.code === 'not-modified')) throw error;
  };
  container.restarts += 1;
  try {
    await stop(context, container, options).catch(unlessNotModified);
  } finally {
    container.restarts -= 1;
  }
  await start(context, container, options).catch(unlessNotModified);
  announce(context, container, 'restart');
}
