import { closeSync } from 'node:fs';
import { Cleanup, formatTime, messageOf, nowNano } from '../../base/mod.ts';
import type { Sandbox } from '../../net/mod.ts';
import type { StdioPaths } from '../../runtime/mod.ts';
import type { Container } from './container.ts';
import { announce, type ContainersContext, save, transitionOnceCleared } from './context.ts';
import { removeLocked } from './life/remove-locked.ts';
import { exitCodeOfFailure, inTask, startFailure } from './life/start-failure.ts';
import { checkVerb, markedForRemoval } from './life/status.ts';
import { applySandbox } from './networks/apply-sandbox.ts';
import { joinNetworks } from './networks/joined-networks.ts';
import { announceNetworks, announceVolumes } from './resource-events.ts';
import { bundleSpec } from './set-up/bundle-spec.ts';
import { tellParents } from './set-up/links.ts';
import { logTarget } from './set-up/log-target.ts';
import { setUpSandbox } from './set-up/sandbox.ts';
import { openUserns, rootOf } from './set-up/user-namespace.ts';

/**
 * Starts a container that does not run. Its restarts are counted anew, and so is their back-off, unless this is one of
 * them: not `byHand`.
 */
export async function start(
  context: ContainersContext,
  container: Container,
  { byHand = true }: { byHand?: boolean } = {},
): Promise<void> {
  await transitionOnceCleared(context, container, async () => {
    checkVerb('start', container);
    container.restartDelay = 0;
    // Race: a start by policy leaves it, for somebody may want the end meanwhile.
    container.record.hasBeenManuallyStopped = false;
    container.record.restartCount = byHand ? 0 : container.record.restartCount + 1;
    await startLocked(context, container);
  });
}

/**
 * The start itself, for who holds the container's lock and has asked whether it goes. On failure nothing of it is left
 * but the error on record.
 */
export async function startLocked(context: ContainersContext, container: Container): Promise<void> {
  const starting = new AbortController();
  container.starting = starting;
  try {
    await bringUp(context, container, starting.signal);
  } catch (why) {
    // Whatever the step said that was ended.
    const error = container.removedByForce ? markedForRemoval(why) : why;
    const { record } = container;
    record.state.exitCode = exitCodeOfFailure(error);
    record.state.error = messageOf(error);
    record.state.pid = 0;
    delete record.minke.starting;
    delete record.minke.sandbox;
    save(context, container);
    if (record.hostConfig.AutoRemove && container.status !== 'restarting') {
      await removeLocked(context, container, { volumes: true });
    }
    throw startFailure(error);
  } finally {
    container.starting = undefined;
  }
}

/** Somebody removes it by force: the start ends at its next step. */
function endIfRemoved(container: Container): void {
  if (container.removedByForce) throw markedForRemoval();
}

async function bringUp(context: ContainersContext, container: Container, signal: AbortSignal): Promise<void> {
  const { record } = container;
  const { id } = container;
  const { Tty: tty, OpenStdin: openStdin, StdinOnce: stdinOnce } = record.config;
  await using undo = new Cleanup((what, error) => {
    context.log.warn('cannot undo a step of start', { id, what, error: messageOf(error) });
  });
  endIfRemoved(container);
  // Who attached before it ends with it.
  undo.defer('logs', () => context.logs.unregister(id));
  record.minke.startNumber += 1;
  const startNumber = record.minke.startNumber;

  // Crash: mount, namespace and veth have names derived from the id, so restore takes them down without a record.
  undo.defer('mount', () => context.layers.unmount(id));
  const rootfs = await context.layers.mount(id);
  let sandbox: Sandbox | undefined;
  undo.defer('network', () => context.net.tearDown(id, sandbox));
  undo.defer('volumes', () => context.volumes.release(id));
  undo.defer('prepared mounts', () => context.prepared.release(id));
  using joined = joinNetworks(context, container);
  const userns = await openUserns(context, container);
  try {
    sandbox = await setUpSandbox(context, container, joined, userns?.network);
  } finally {
    if (userns?.network !== undefined) closeSync(userns.network);
  }
  announceNetworks(context, container, 'connect');
  undo.defer('disconnect event', () => announceNetworks(context, container, 'disconnect'));
  undo.defer('runtime', () => context.runtime.delete(id));
  const owner = rootOf(context, record.hostConfig);
  const stdio = await context.runtime.prepareStdio(id, { tty, openStdin, owner });
  const spec = await bundleSpec(context, container, { rootfs, sandbox, userns }, { signal });
  announceVolumes(context, container, 'mount');
  undo.defer('unmount events', () => announceVolumes(context, container, 'unmount'));

  endIfRemoved(container);
  // Crash: from here on the keeper may hold a process; restore adopts it with this sandbox, or takes it down.
  record.minke.starting = true;
  if (sandbox) record.minke.sandbox = sandbox;
  save(context, container);
  const { ConsoleSize: consoleSize, Runtime } = record.hostConfig;
  // A data-root of Docker's, or of another machine, may name what is not here.
  const runtime = context.runtime.hasRuntime(Runtime) ? Runtime : '';
  const request = { id, startNumber, spec, runtime, tty, openStdin, stdinOnce, consoleSize };
  const { pid } = await context.runtime
    .create({ ...request, stdio: tty ? undefined : stdio }, { signal })
    .catch((error: unknown) => {
      throw inTask(error);
    });
  // Why not before: what the OCI runtime says of a program that it cannot run would come as the container's output.
  const ptyMaster = tty ? { ptyMaster: await context.runtime.ptyMaster(id) } : {};
  await registerLogs(context, container, { stdio, ...ptyMaster });
  if (openStdin) await openInput(context, container);
  undo.defer('stdin', () => {
    container.stdin?.release();
    container.stdin = undefined;
  });
  endIfRemoved(container);
  await context.runtime.start(id, { signal });

  record.state = {
    ...record.state,
    pid,
    exitCode: 0,
    error: '',
    oomKilled: false,
    startedAt: formatTime(nowNano()),
  };
  record.hasBeenStartedBefore = true;
  delete record.minke.starting;
  applySandbox(context, container, sandbox);
  tellParents(context, container);
  container.moveTo('running');
  context.health.began(container);
  save(context, container);
  undo.keep();
  announce(context, container, 'start');
}

async function registerLogs(
  context: ContainersContext,
  container: Container,
  source: { stdio: StdioPaths; ptyMaster?: number },
): Promise<void> {
  const { stdio, ptyMaster } = source;
  await context.logs.register({
    ...logTarget(context, container),
    ...(ptyMaster === undefined ? { stdio } : { ptyMaster }),
    notePath: `${stdio.directory}/batch`,
  });
}

/** The writer must be open before the program runs: without one, its first read would be the end of the input. */
async function openInput(context: ContainersContext, container: Container): Promise<void> {
  const writer = await context.runtime.openStdin(container.id);
  container.stdin = writer;
  for (const ready of container.stdinReady) ready(writer);
  container.stdinReady.clear();
}
