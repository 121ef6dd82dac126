import { formatTime, isEngineError, messageOf, nowNano } from '../../../base/mod.ts';
import type { Sandbox } from '../../../net/mod.ts';
import type { HeldContainer } from '../../../runtime/mod.ts';
import { Container } from '../container.ts';
import { announce, type ContainersContext, save, transition } from '../context.ts';
import { thawCutOffCommits } from '../files/commit.ts';
import { holdImageMounts } from '../mounts/image-mounts.ts';
import { applySandbox } from '../networks/apply-sandbox.ts';
import { logTarget } from '../set-up/log-target.ts';
import { start } from '../start.ts';
import { atMost } from './at-most.ts';
import { clearAway } from './clear-away.ts';
import { undoCutOffCreates } from './create-intent.ts';
import { finishUpdates } from './finish-updates.ts';
import { tellRemovals } from './remove-intent.ts';
import { shouldRestart } from './restart-policy.ts';
import { isRunning } from './status.ts';

/** How long a start of the daemon waits for what is left of lives that ended: a process that the kernel cannot end stays. */
const CLEARING_MS = 1_000;
const STARTS_AT_ONCE = 4;

/**
 * Reads all containers from disk and brings them in line with what the keeper holds: adopts what runs, ends on record
 * what is gone, clears away what was half done. Exits that came meanwhile are handled afterwards, by `handleExit`.
 */
export async function restoreContainers(context: ContainersContext): Promise<void> {
  const listed = await context.runtime.list();
  const containers = context.records.load().map((record) => new Container(record));
  for (const container of containers) {
    context.directory.add(container);
    holdImageMounts(context, container.record);
    const { topLayer } = container.record.minke;
    if (topLayer !== undefined) context.layers.repairMount(container.id, topLayer);
  }
  // Race: of an earlier life there may be an exit that nobody took, beside the life that counts.
  const lives = Map.groupBy(listed, ({ id }) => id);
  const held = new Map(
    containers.map((container) => [
      container.id,
      lives.get(container.id)?.find((one) => isHeld(container, one)),
    ]),
  );
  const live = containers.filter((container) => held.get(container.id) && goesOn(container));
  await context.net.restore(
    live.flatMap(({ id, record }) =>
      record.minke.sandbox ? [{ id, sandbox: record.minke.sandbox as Sandbox }] : [],
    ),
  );
  const living = new Set<string>(live.map(({ id }) => id));
  context.volumes.restore((who) => living.has(who));
  // All at once: most of it is waiting for the log pump, which takes them one after the other.
  const adopting: Promise<void>[] = [];
  const clearing: Promise<void>[] = [];
  for (const container of containers) {
    const one = held.get(container.id);
    if (one && goesOn(container)) adopting.push(goOn(context, container, one));
    else clearing.push(clearAway(context, container, one));
  }
  await Promise.all(adopting);
  await atMost(Promise.all(clearing), CLEARING_MS);
  await removeCutOff(context);
  await removeStrayMounts(context);
  await undoCutOffCreates(context);
  tellRemovals(context);
  await finishUpdates(context);
  await thawCutOffCommits(context);
  // One whose record cannot be read runs on.
  const strays = listed.filter(({ id }) => !context.records.has(id));
  await atMost(Promise.all(strays.map(({ id }) => removeStray(context, id))), CLEARING_MS);
}

async function removeStray(context: ContainersContext, id: HeldContainer['id']): Promise<void> {
  await context.runtime.delete(id).catch((error: unknown) => {
    context.log.error('cannot remove what belongs to no container', { id, error: messageOf(error) });
  });
}

/** Crash: the record of a container that was to be thrown away is never synced, and a power cut may leave it empty. */
async function removeCutOff(context: ContainersContext): Promise<void> {
  for (const id of context.records.unreadable) {
    if (context.layers.isEphemeral(id)) context.records.remove(id);
  }
}

/**
 * The daemon died in the middle of a create: there is a writable layer, and no directory of a container. One whose
 * record cannot be read keeps its layer.
 */
async function removeStrayMounts(context: ContainersContext): Promise<void> {
  for (const id of context.layers.strayMounts((one) => context.records.has(one))) {
    await context.layers.removeMount(id).catch((error: unknown) => {
      context.log.error('cannot remove a writable layer of no container', { id, error: messageOf(error) });
    });
  }
}

/** Starts what the restart policies ask for, once the daemon serves; a few at once, so that none waits for one that hangs. */
export async function startByPolicy(context: ContainersContext): Promise<void> {
  const wanted = context.directory.all().filter(isToStart).values();
  const startInTurn = async () => {
    for (const container of wanted) {
      await start(context, container).catch((error: unknown) => {
        // Somebody was faster.
        if (isEngineError(error, 'not-modified')) return;
        context.log.warn('cannot start a container by its policy', {
          id: container.id,
          error: messageOf(error),
        });
      });
    }
  };
  await Promise.all(Array.from({ length: STARTS_AT_ONCE }, startInTurn));
}

/**
 * What the policy says of a container that does not run when the daemon starts. Compat: moby's `ShouldRestart` of a
 * daemon's start, but for one with `on-failure` that somebody stopped: Docker starts it, though its documentation says
 * otherwise.
 */
function isToStart(container: Container): boolean {
  const { record, status } = container;
  if (isRunning(status) || !record.hasBeenStartedBefore) return false;
  // Compat: a stop by hand counts as long as the daemon lives.
  if (record.hostConfig.RestartPolicy.Name === 'always' || container.restartInterrupted) return true;
  return shouldRestart(container, record.state.exitCode);
}

/** True if the keeper holds this very start of the container, ended or not, and its program was let run. */
function isHeld({ id, record }: Container, held: HeldContainer): boolean {
  return held.id === id && held.started && held.startNumber === record.minke.startNumber;
}

/** False where the end of the life that the keeper holds is on record already. */
function goesOn({ status, record }: Container): boolean {
  return record.minke.starting === true || status === 'running' || status === 'paused';
}

async function goOn(context: ContainersContext, container: Container, held: HeldContainer): Promise<void> {
  try {
    await transition(context, container, () => adopt(context, container, held));
  } catch (error) {
    context.log.error('cannot restore a container', { id: container.id, error: messageOf(error) });
  }
}

/** Goes on with a container that ran on while no daemon did. */
async function adopt(context: ContainersContext, container: Container, held: HeldContainer): Promise<void> {
  const { record } = container;
  const { Tty: tty, OpenStdin: openStdin, StdinOnce: stdinOnce } = record.config;
  // Most run as their record says, and a write of each would be most of what a start with many costs.
  const sandbox = record.minke.sandbox as Sandbox | undefined;
  // The daemon died in a connect or disconnect: `net` has put right what was left of it.
  const isChanged = sandbox?.changing === true;
  if (isChanged) delete sandbox.changing;
  const isAsRecorded =
    !isChanged && !record.minke.starting && !record.state.health && record.state.pid === held.pid;
  if (isChanged) applySandbox(context, container, sandbox);
  const { status: recorded } = container;
  if (record.minke.starting) {
    // The daemon died between the program's start and the record of it.
    container.moveTo('running');
    record.state.startedAt = formatTime(nowNano());
    record.hasBeenStartedBefore = true;
    delete record.minke.starting;
    applySandbox(context, container, sandbox);
    announce(context, container, 'start');
  } else if (held.paused !== undefined && !held.exit) {
    // Or between a pause, or the end of one, and the record of it.
    const status = held.paused ? 'paused' : 'running';
    if (status !== container.status) container.moveTo(status);
  }
  record.state.pid = held.pid;
  if (!held.exit) context.health.adopted(container);
  if (!isAsRecorded || container.status !== recorded) save(context, container);
  const stdio = await context.runtime.prepareStdio(container.id, { tty, openStdin });
  const notePath = `${stdio.directory}/batch`;
  if (!tty) await context.logs.register({ ...logTarget(context, container), stdio, notePath, resumed: true });
  else if (!held.exit) {
    const ptyMaster = await context.runtime.ptyMaster(container.id);
    await context.logs.register({ ...logTarget(context, container), ptyMaster, notePath, resumed: true });
  }
  if (!openStdin || held.exit || (stdinOnce && !tty)) return;
  try {
    container.stdin = await context.runtime.openStdin(container.id);
  } catch (error) {
    // The program has closed its input, which is its right.
    context.log.debug('cannot open the input of a container', { id: container.id, error: messageOf(error) });
  }
}
