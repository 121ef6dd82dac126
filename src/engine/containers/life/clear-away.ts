import { formatTime, messageOf, nowNano } from '../../../base/mod.ts';
import type { HeldContainer } from '../../../runtime/mod.ts';
import type { Container } from '../container.ts';
import { type ContainersContext, save, transition } from '../context.ts';
import { removeLocked } from './remove-locked.ts';
import { isRunning } from './status.ts';
import { takeDown } from './take-down.ts';
import { tellEndOnce } from './tell-end.ts';

/** Exit code of a container whose end nobody saw. */
const UNKNOWN_EXIT = 255;

/**
 * For the restore: what is left of a life that the keeper does not hold, or whose end is on record already. What it
 * says of the container stands when this returns; the promise is for its kernel objects, which a start waits for, too
 * (`clearing`). It never rejects.
 */
export function clearAway(
  context: ContainersContext,
  container: Container,
  held: HeldContainer | undefined,
): Promise<void> {
  const cleared = Promise.withResolvers<void>();
  container.clearing = cleared.promise;
  return clear(context, container, held)
    .catch((error: unknown) => {
      context.log.error('cannot restore a container', { id: container.id, error: messageOf(error) });
    })
    .finally(() => {
      if (container.clearing === cleared.promise) container.clearing = undefined;
      cleared.resolve();
    });
}

async function clear(
  context: ContainersContext,
  container: Container,
  held: HeldContainer | undefined,
): Promise<void> {
  const { record } = container;
  const isGoing = container.status === 'removing' || container.status === 'dead';
  delete record.minke.starting;
  const down = takeDown(context, container, { keepExit: !isGoing });
  if (!isGoing) settle(context, container, held);
  await down;
  // Crash: until here, the exit's file tells the next restore that there may be more to do.
  if (held?.exit && !isGoing) await context.runtime.acknowledgeExit(container.id, held.startNumber);
  await transition(context, container, async () => {
    // Race: somebody may have asked for it meanwhile.
    if (context.directory.get(container.id) !== container) return;
    if (isGoing && (container.status === 'removing' || container.status === 'dead')) {
      if (container.status === 'removing') record.state.status = 'dead';
      await removeLocked(context, container, { volumes: record.minke.removeVolumes === true });
    } else if (record.hostConfig.AutoRemove && container.status === 'exited') {
      await removeLocked(context, container, { volumes: true });
    }
  });
}

/** What becomes of it on record, at once. */
function settle(context: ContainersContext, container: Container, held: HeldContainer | undefined): void {
  if (container.status === 'restarting') {
    container.restartInterrupted = true;
    container.moveTo('exited');
    save(context, container);
  } else if (isRunning(container.status)) endUnseen(context, container);
  // Crash: the daemon died after the record of the exit, before it said so.
  if (held?.exit) tellEndOnce(context, container);
}

/** The machine went down, or keeper and container died together. */
function endUnseen(context: ContainersContext, container: Container): void {
  const { state } = container.record;
  container.moveTo('exited');
  context.health.ended(container);
  state.pid = 0;
  state.exitCode = UNKNOWN_EXIT;
  state.finishedAt = formatTime(nowNano());
  // Why before the record: it is looked for in the journal, and this is not looked for on record.
  tellEndOnce(context, container);
  save(context, container);
}
