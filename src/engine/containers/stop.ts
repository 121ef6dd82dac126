import { EngineError, messageOf } from '../../base/mod.ts';
import type { Container } from './container.ts';
import { announce, type ContainersContext, save, transition } from './context.ts';
import { cancelRestart } from './restart-policy.ts';
import { checkSignal, parseSignal } from './signals.ts';
import { isRunning } from './status.ts';

const SIGKILL = 9;
/** How long the kernel may take to end a process after SIGKILL before we say so. */
const KILL_WAIT_MS = 10_000;

/**
 * Stops a container that runs: its stop signal, a grace, then SIGKILL. No lock is held. `byShutdown`: the daemon's own
 * end stops it, after which its restart policy starts it again.
 */
export async function stop(
  context: ContainersContext,
  container: Container,
  options: { timeoutSeconds?: number; signal?: string; byShutdown?: boolean },
): Promise<void> {
  const signal = parseSignal(options.signal || container.record.config.StopSignal || 'SIGTERM');
  checkSignal(signal);
  const grace = options.timeoutSeconds ?? container.record.config.StopTimeout ?? context.settings.stopTimeout;
  if (!isRunning(container.status)) throw new EngineError('not-modified', '');
  if (container.intent === 'none') container.intent = 'stop';
  if (!options.byShutdown) noteManualStop(context, container);
  try {
    const ended = await askToEnd(context, container, signal, grace);
    if (ended) announce(context, container, 'stop');
  } finally {
    if (container.intent === 'stop') container.intent = 'none';
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

async function askToEnd(
  context: ContainersContext,
  container: Container,
  signal: number,
  graceSeconds: number,
): Promise<boolean> {
  if (await endRestarting(context, container)) return true;
  using waiting = waitForExit(container);
  if (container.status === 'paused') await context.runtime.resume(container.id).catch(() => {});
  await send(context, container, signal);
  if (await waiting.within(graceSeconds < 0 ? undefined : graceSeconds * 1000)) return true;
  context.log.info('container did not stop in time, killing it', { id: container.id, graceSeconds });
  await send(context, container, SIGKILL);
  if (await waiting.within(KILL_WAIT_MS)) return true;
  throw new EngineError(
    'internal',
    `cannot stop container: ${container.id}: tried to kill container, but did not receive an exit event`,
  );
}

/** A container between two lives of its policy has no process: it just stays exited. */
export async function endRestarting(context: ContainersContext, container: Container): Promise<boolean> {
  if (container.status !== 'restarting') return false;
  return await transition(context, container, async () => {
    if (container.status !== 'restarting') return false;
    cancelRestart(container);
    container.moveTo('exited');
    save(context, container);
    container.waiters.exited({ statusCode: container.record.state.exitCode });
    return true;
  });
}

/** Sends a signal; that the process has just ended is no error. */
export async function send(context: ContainersContext, container: Container, signal: number): Promise<void> {
  try {
    await context.runtime.signal(container.id, signal);
    announce(context, container, 'kill', { signal: String(signal) });
  } catch (error) {
    if (!(error instanceof EngineError && error.code === 'not-found')) throw error;
  }
}

/** Waits for the container's next exit, however often it is asked. */
export function waitForExit(
  container: Container,
): Disposable & { within(ms: number | undefined): Promise<boolean> } {
  const abort = new AbortController();
  const exit = container.waiters.add('not-running', abort.signal).then(() => true);
  return {
    async within(ms) {
      if (!isRunning(container.status)) return true;
      if (ms === undefined) return await exit;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(false), ms);
      try {
        return await Promise.race([exit, promise]);
      } finally {
        clearTimeout(timer);
      }
    },
    [Symbol.dispose]: () => abort.abort(),
  };
}
