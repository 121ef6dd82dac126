import { EngineError, messageOf } from '../../../base/mod.ts';
import type { Container } from '../container.ts';
import { announce, type ContainersContext, save } from '../context.ts';

export const SIGKILL = 9;

/** Sends a signal; that the process has just ended is no error. */
export async function sendSignal(
  context: ContainersContext,
  container: Container,
  signal: number,
): Promise<void> {
  try {
    await context.runtime.signal(container.id, signal);
    announce(context, container, 'kill', { signal: String(signal) });
  } catch (error) {
    if (!(error instanceof EngineError && error.code === 'not-found')) throw error;
  }
}

/** Crash: on record before the signal, so that a next daemon's restart policy knows that somebody wanted the end. */
export function noteManualStop(context: ContainersContext, container: Container): void {
  if (container.record.hasBeenManuallyStopped) return;
  container.record.hasBeenManuallyStopped = true;
  try {
    save(context, container);
  } catch (error) {
    context.log.warn('cannot write that a container is stopped', {
      id: container.id,
      error: messageOf(error),
    });
  }
}
