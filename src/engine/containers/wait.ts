import type { Container } from './container.ts';
import type { WaitCondition, WaitResult } from './containers.ts';
import { isRunning } from './life/status.ts';

/** Registers a wait. The outer promise resolves at once, so that the API can send its head before the exit. */
export function wait(
  container: Container,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<WaitResult> {
  if (condition === 'not-running' && !isRunning(container.status)) {
    const { exitCode: statusCode, error } = container.record.state;
    return Promise.resolve({ statusCode, ...(error === '' ? {} : { error }) });
  }
  return container.waiters.add(condition, signal);
}
