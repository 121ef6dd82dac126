import { EngineError } from '../../base/mod.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { isRunning } from './status.ts';

/** Sets the window size of a container's terminal, in characters. */
export async function resize(
  context: ContainersContext,
  container: Container,
  height: number,
  width: number,
): Promise<void> {
  if (!isRunning(container.status))
    throw new EngineError('conflict', `Container ${container.id} is not running`);
  if (!container.record.config.Tty) return;
  await context.runtime.resize(container.id, height, width);
}
