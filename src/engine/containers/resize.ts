import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { checkVerb } from './life/status.ts';

/** Sets the window size of a container's terminal, in characters. */
export async function resize(
  context: ContainersContext,
  container: Container,
  height: number,
  width: number,
): Promise<void> {
  checkVerb('resize', container);
  if (!container.record.config.Tty) return;
  await context.runtime.resize(container.id, height, width);
}
