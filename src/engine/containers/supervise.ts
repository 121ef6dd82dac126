import { formatTime, isEngineError, messageOf, parseTime } from '../../base/mod.ts';
import type { Sandbox } from '../../net/mod.ts';
import type { ContainerExit } from '../../runtime/mod.ts';
import { ENDPOINT_DOWN } from '../../spec/docker/mod.ts';
import type { Container } from './container.ts';
import { announce, type ContainersContext, save, transition } from './context.ts';
import { removeLocked } from './remove.ts';
import { announceNetworks, announceVolumes } from './resource-events.ts';
import { scheduleRestart, shouldRestart } from './restart-policy.ts';
import { isRunning } from './status.ts';

/**
 * From a process's exit to `die`: all its output is in the log, the exit is on record, its kernel objects are gone;
 * then the event, those who wait, and what the restart policy or `--rm` says.
 */
export async function handleExit(context: ContainersContext, exit: ContainerExit): Promise<void> {
  const container = context.directory.get(exit.id);
  if (!container) {
    await context.runtime.delete(exit.id);
    return;
  }
  await transition(context, container, async () => {
    const { record } = container;
    if (record.minke.startNumber !== exit.startNumber || !isRunning(container.status)) {
      await context.runtime.acknowledgeExit(exit.id, exit.startNumber);
      return;
    }
    // Also without its last words it has ended. Crash: at a shutdown the exit stays for the next daemon, and so do they.
    await context.logs.drain(container.id).catch((error: unknown) => {
      if (isEngineError(error, 'cancelled')) throw error;
      context.log.error('the last output of a container is lost', { id: exit.id, error: messageOf(error) });
    });
    recordExit(container, exit);
    const restart = shouldRestart(container, exit.exitCode);
    if (restart) {
      container.moveTo('restarting');
      record.restartCount += 1;
    } else container.moveTo('exited');
    // Crash: from here on the exit is on record; the restore takes down what is left of the kernel objects.
    try {
      save(context, container);
    } catch (error) {
      // A full disk: whoever waits must hear of it all the same.
      context.log.error('the exit of a container is not on record', { id: exit.id, error: messageOf(error) });
    }
    await takeDown(context, container);
    const ran = ranFor(record.state.startedAt, record.state.finishedAt);
    if (exit.oomKilled) announce(context, container, 'oom');
    announce(context, container, 'die', { exitCode: String(exit.exitCode), execDuration: String(ran) });
    announceNetworks(context, container, 'disconnect');
    announceVolumes(context, container, 'unmount');
    if (restart) scheduleRestart(context, container, ran);
    else {
      container.waiters.exited({ statusCode: exit.exitCode });
      if (record.hostConfig.AutoRemove && container.restarts === 0) await autoRemove(context, container);
    }
  });
}

/** Takes down the kernel objects of a start; goes on at errors. Idempotent. The status is the caller's. */
export async function takeDown(context: ContainersContext, container: Container): Promise<void> {
  const { record } = container;
  const warn = (what: string) => (error: unknown) => {
    context.log.warn('take-down of a container is incomplete', {
      id: container.id,
      what,
      error: messageOf(error),
    });
  };
  container.stdin?.release();
  container.stdin = undefined;
  await Promise.all([
    context.runtime.delete(container.id).catch(warn('runtime')),
    context.net.tearDown(container.id, record.minke.sandbox as Sandbox | undefined).catch(warn('network')),
  ]);
  await context.layers.unmount(container.id).catch(warn('mount'));
  delete record.minke.sandbox;
  record.sandboxId = '';
  record.sandboxKey = '';
  record.ports = {};
  for (const endpoint of Object.values(record.networks)) Object.assign(endpoint, ENDPOINT_DOWN);
}

function recordExit(container: Container, exit: ContainerExit): void {
  const { state } = container.record;
  state.pid = 0;
  state.exitCode = exit.exitCode;
  state.oomKilled = exit.oomKilled;
  state.error = exit.error ?? '';
  state.finishedAt = formatTime(BigInt(Math.round(exit.at * 1000)) * 1000n);
}

async function autoRemove(context: ContainersContext, container: Container): Promise<void> {
  try {
    await removeLocked(context, container, { volumes: true });
  } catch (error) {
    context.log.warn('cannot remove a container after its exit', {
      id: container.id,
      error: messageOf(error),
    });
  }
}

/** Whole seconds between two RFC 3339 times. */
function ranFor(startedAt: string, finishedAt: string): number {
  const nanoseconds = (parseTime(finishedAt) ?? 0n) - (parseTime(startedAt) ?? 0n);
  return Math.max(0, Number(nanoseconds / 1_000_000_000n));
}
