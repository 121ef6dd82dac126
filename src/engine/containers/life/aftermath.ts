import { messageOf } from '../../../base/mod.ts';
import type { ContainerExit } from '../../../runtime/mod.ts';
import type { Container } from '../container.ts';
import { type ContainersContext, transition } from '../context.ts';
import { dropExecs } from '../exec/drop-execs.ts';
import { atMost } from './at-most.ts';
import { removeLocked } from './remove-locked.ts';
import { restartLater } from './restart-later.ts';
import { takeDown } from './take-down.ts';
import { ranFor, tellEnd } from './tell-end.ts';

/** How long those who wait for an exit wait for its kernel objects to go. What will not go must not hold them up. */
const TELL_AFTER_MS = 2_000;

/**
 * What follows an exit that is on record, without the container's lock: its kernel objects go, the exit is told, and
 * what `--rm` or the restart policy says is done. A removal waits for `telling`, a start for `clearing`: an address or
 * a port is free once the exit was told, but for a process that the kernel cannot end.
 */
export function beginAftermath(context: ContainersContext, container: Container, exit: ContainerExit): void {
  const told = Promise.withResolvers<void>();
  const cleared = Promise.withResolvers<void>();
  container.telling = told.promise;
  container.clearing = cleared.promise;
  const tell = () => {
    if (container.telling === told.promise) container.telling = undefined;
    told.resolve();
  };
  aftermath(context, container, exit, tell)
    .catch((error: unknown) => {
      context.log.error('what follows an exit is not done', { id: container.id, error: messageOf(error) });
    })
    .finally(() => {
      tell();
      if (container.clearing === cleared.promise) container.clearing = undefined;
      cleared.resolve();
    });
}

async function aftermath(
  context: ContainersContext,
  container: Container,
  exit: ContainerExit,
  told: () => void,
): Promise<void> {
  const { record } = container;
  // A stop may change it meanwhile.
  const restarts = container.status === 'restarting';
  const ran = ranFor(container);
  const down = takeDown(context, container, { keepExit: true });
  await atMost(down, TELL_AFTER_MS);
  tellEnd(context, container, { oomKilled: exit.oomKilled });
  // Compat: also where the policy restarts it, though it counts as running meanwhile.
  container.waiters.exited({ statusCode: exit.exitCode });
  const goes = !restarts && record.hostConfig.AutoRemove && container.restarts === 0;
  told();
  await down;
  await dropExecs(context, container);
  // Crash: until here, the exit's file tells the restore that its end may not have been told.
  await context.runtime.acknowledgeExit(exit.id, exit.startNumber);
  if (restarts && container.status === 'restarting') restartLater(context, container, ran);
  if (goes) await autoRemove(context, container);
}

async function autoRemove(context: ContainersContext, container: Container): Promise<void> {
  await transition(context, container, async () => {
    // Somebody was faster.
    if (context.directory.get(container.id) !== container || container.status !== 'exited') return;
    try {
      await removeLocked(context, container, { volumes: true });
    } catch (error) {
      context.log.warn('cannot remove a container after its exit', {
        id: container.id,
        error: messageOf(error),
      });
    }
  });
}
