import { EngineError } from '../../base/mod.ts';
import type { Container } from './container.ts';
import { announce, type ContainersContext } from './context.ts';
import { endRestarting } from './life/end-restarting.ts';
import { KILL_WAIT_MS, waitForExit } from './life/exit-wait.ts';
import { noteManualStop, SIGKILL, sendSignal } from './life/send-signal.ts';
import { checkSignal, parseSignal } from './life/signals.ts';
import { checkVerb } from './life/status.ts';

/**
 * Stops a container that runs: its stop signal, a grace, then SIGKILL. No lock is held. Not `byHand`:
 * nobody wants it to stay so, and the restart policy of the next daemon starts it again.
 */
export async function stop(
  context: ContainersContext,
  container: Container,
  options: { timeoutSeconds?: number; signal?: string; byHand?: boolean },
): Promise<void> {
  const signal = parseSignal(options.signal || container.record.config.StopSignal || 'SIGTERM');
  checkSignal(signal);
  const grace = options.timeoutSeconds ?? container.record.config.StopTimeout ?? context.settings.stopTimeout;
  checkVerb('stop', container);
  if (container.intent === 'none') container.intent = 'stop';
  if (options.byHand ?? true) noteManualStop(context, container);
  try {
    const ended = await askToEnd(context, container, signal, grace);
    if (ended) announce(context, container, 'stop');
  } finally {
    if (container.intent === 'stop') container.intent = 'none';
  }
}

async function askToEnd(
  context: ContainersContext,
  container: Container,
  signal: number,
  graceSeconds: number,
): Promise<boolean> {
  if (await endRestarting(context, container)) return true;
  using waiting = waitForExit(container);
  if (container.status === 'paused') await context.runtime.resume(container.id).catch(() => {});
  await sendSignal(context, container, signal);
  if (await waiting.within(graceSeconds < 0 ? undefined : graceSeconds * 1000)) return true;
  context.log.info('container did not stop in time, killing it', { id: container.id, graceSeconds });
  await sendSignal(context, container, SIGKILL);
  if (await waiting.within(KILL_WAIT_MS)) return true;
  throw new EngineError(
    'internal',
    `cannot stop container: ${container.id}: tried to kill container, but did not receive an exit event`,
  );
}
