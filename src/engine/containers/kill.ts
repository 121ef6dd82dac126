import { EngineError, shortId } from '../../base/mod.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { endRestarting } from './life/end-restarting.ts';
import { KILL_WAIT_MS, waitForExit } from './life/exit-wait.ts';
import { noteManualStop, SIGKILL, sendSignal } from './life/send-signal.ts';
import { checkSignal, parseSignal } from './life/signals.ts';
import { checkVerb } from './life/status.ts';
import { unpause } from './pause.ts';

/** Sends a signal; after SIGKILL it waits for the end, as Docker does. */
export async function kill(
  context: ContainersContext,
  container: Container,
  name: string | undefined,
): Promise<void> {
  const signal = name ? parseSignal(name) : SIGKILL;
  checkSignal(signal);
  checkVerb('kill', container);
  // Compat: any signal is a stop by hand, unless the container names another one as its stop signal.
  const { StopSignal: own } = container.record.config;
  const ends = signal === SIGKILL || !own || signal === parseSignal(own);
  if (ends) noteManualStop(context, container);
  // Compat: between two lives any signal is the end of the restarts.
  if (ends && (await endRestarting(context, container))) return;
  if (signal !== SIGKILL) {
    await sendSignal(context, container, signal);
    if (ends) await thaw(context, container);
    return;
  }
  using waiting = waitForExit(container);
  await sendSignal(context, container, SIGKILL);
  if (!(await waiting.within(KILL_WAIT_MS))) {
    throw new EngineError(
      'internal',
      `cannot kill container: ${shortId(container.id)}: it did not end after SIGKILL`,
    );
  }
}

/** Compat: what is frozen gets a signal only when it goes on, so Docker lets it. */
async function thaw(context: ContainersContext, container: Container): Promise<void> {
  if (container.status !== 'paused') return;
  await unpause(context, container).catch((error: unknown) => {
    if (container.status === 'paused') throw error;
  });
}
