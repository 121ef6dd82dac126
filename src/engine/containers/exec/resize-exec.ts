import { EngineError } from '../../../base/mod.ts';
import type { ContainersContext } from '../context.ts';
import { findActive } from './active-container.ts';

/** Compat: a client sends the size of its terminal beside the start. */
const START_WAIT_MS = 10_000;

export async function resizeExec(
  context: ContainersContext,
  id: string,
  height: number,
  width: number,
): Promise<void> {
  const exec = findActive(context, id);
  const { promise, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => resolve('late'), START_WAIT_MS);
  const late = await Promise.race([exec.begun, promise]).finally(() => clearTimeout(timer));
  if (late === 'late') throw new EngineError('internal', 'timeout waiting for exec session ready');
  if (exec.pid === 0) throw new EngineError('invalid', 'exec process is not started');
  if (!exec.running) throw new EngineError('not-found', 'no such exec');
  await context.runtime.execs.resize(id, height, width);
}
