import { formatTime, messageOf, nowNano } from '../../base/mod.ts';
import type { Sandbox } from '../../net/mod.ts';
import type { HeldContainer } from '../../runtime/mod.ts';
import { Container } from './container.ts';
import { announce, type ContainersContext, save, transition } from './context.ts';
import { logTarget } from './log-target.ts';
import { removeLocked } from './remove.ts';
import { applySandbox } from './sandbox.ts';
import { start } from './start.ts';
import { isRunning } from './status.ts';
import { takeDown } from './supervise.ts';

/** Exit code of a container whose end nobody saw. */
const UNKNOWN_EXIT = 255;

/**
 * Reads all containers from disk and brings them in line with what the keeper holds: adopts what runs, ends on record
 * what is gone, clears away what was half done. Exits that came meanwhile are handled afterwards, by `handleExit`.
 */
export async function restoreContainers(context: ContainersContext): Promise<void> {
  const held = new Map((await context.runtime.list()).map((one) => [one.id as string, one]));
  const containers = context.records.load().map((record) => new Container(record));
  for (const container of containers) context.directory.add(container);
  const live = containers.filter((container) => isHeld(container, held.get(container.id)));
  await context.net.restore(
    live.flatMap(({ id, record }) =>
      record.minke.sandbox ? [{ id, sandbox: record.minke.sandbox as Sandbox }] : [],
    ),
  );
  for (const container of containers) {
    try {
      await restoreOne(context, container, held.get(container.id));
    } catch (error) {
      context.log.error('cannot restore a container', { id: container.id, error: messageOf(error) });
    }
  }
  for (const id of held.keys()) {
    if (!context.directory.get(id)) await context.runtime.delete(id as Container['id']);
  }
}

/** Starts what the restart policies ask for, once the daemon serves. */
export async function startByPolicy(context: ContainersContext): Promise<void> {
  for (const container of context.directory.all()) {
    const { record } = container;
    const policy = record.hostConfig.RestartPolicy.Name;
    const wanted = policy === 'always' || (policy === 'unless-stopped' && !record.hasBeenManuallyStopped);
    if (!wanted || !record.hasBeenStartedBefore || isRunning(container.status)) continue;
    await start(context, container).catch((error: unknown) => {
      context.log.warn('cannot start a container by its policy', {
        id: container.id,
        error: messageOf(error),
      });
    });
  }
}

/** True if the keeper holds this very start of the container, ended or not, and its program was let run. */
function isHeld(container: Container, held: HeldContainer | undefined): held is HeldContainer {
  return held?.started === true && held.startNumber === container.record.minke.startNumber;
}

async function restoreOne(
  context: ContainersContext,
  container: Container,
  held: HeldContainer | undefined,
): Promise<void> {
  await transition(context, container, async () => {
    const { record } = container;
    if (container.status === 'removing' || container.status === 'dead') {
      await takeDown(context, container);
      if (container.status === 'removing') record.state.status = 'dead';
      await removeLocked(context, container, { volumes: false });
      return;
    }
    if (isHeld(container, held)) {
      await adopt(context, container, held);
      return;
    }
    const ran = isRunning(container.status);
    delete record.minke.starting;
    await takeDown(context, container);
    if (ran) endUnseen(context, container);
    if (record.hostConfig.AutoRemove && container.status === 'exited') {
      await removeLocked(context, container, { volumes: true });
    }
  });
}

/** Goes on with a container that ran on while no daemon did. */
async function adopt(context: ContainersContext, container: Container, held: HeldContainer): Promise<void> {
  const { record } = container;
  const { Tty: tty, OpenStdin: openStdin, StdinOnce: stdinOnce } = record.config;
  if (!isRunning(container.status)) {
    // The daemon died between the program's start and the record of it.
    container.moveTo('running');
    record.state.startedAt = formatTime(nowNano());
    record.hasBeenStartedBefore = true;
    record.hasBeenManuallyStopped = false;
    delete record.minke.starting;
    applySandbox(context, container, record.minke.sandbox as Sandbox | undefined);
    announce(context, container, 'start');
  }
  record.state.pid = held.pid;
  const stdio = await context.runtime.prepareStdio(container.id, { tty, openStdin });
  const notePath = `${stdio.directory}/batch`;
  if (!tty) await context.logs.register({ ...logTarget(container), stdio, notePath });
  else if (!held.exit) {
    const ptyMaster = await context.runtime.ptyMaster(container.id);
    await context.logs.register({ ...logTarget(container), ptyMaster, notePath });
  }
  if (openStdin && !stdinOnce && !held.exit) container.stdin = await context.runtime.openStdin(container.id);
  save(context, container);
}

/** The machine went down, or keeper and container died together. */
function endUnseen(context: ContainersContext, container: Container): void {
  const { state } = container.record;
  container.moveTo('exited');
  state.pid = 0;
  state.exitCode = UNKNOWN_EXIT;
  state.finishedAt = formatTime(nowNano());
  save(context, container);
  announce(context, container, 'die', { exitCode: String(UNKNOWN_EXIT) });
}
