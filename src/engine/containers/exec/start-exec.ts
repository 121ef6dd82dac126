import { hostname } from 'node:os';
import { type ContainerId, EngineError } from '../../../base/mod.ts';
import { containerEnv, type ExecProcess, RuntimeFailure, type StartedExec } from '../../../runtime/mod.ts';
import type { AttachSession } from '../containers.ts';
import { announce, type ContainersContext } from '../context.ts';
import { startFailure } from '../life/start-failure.ts';
import { rootOf } from '../set-up/user-namespace.ts';
import { findActive } from './active-container.ts';
import { noteEnd } from './end-exec.ts';
import type { Exec } from './exec.ts';
import { readOutput } from './exec-output.ts';
import { execSession } from './exec-session.ts';
import type { ExecStartOptions } from './execs.ts';

/** Compat: moby's exit code where a start fails and the OCI runtime does not say why. */
const CANNOT_INVOKE = 126;

/** Runs the process. The client's streams, unless it is detached, wait for nothing but the process. */
export async function startExec(
  context: ContainersContext,
  id: string,
  options: ExecStartOptions,
): Promise<AttachSession | undefined> {
  const exec = findActive(context, id);
  if (exec.status === 'ended') {
    throw new EngineError('conflict', `Error: Exec command ${id} has already run`);
  }
  if (exec.running) throw new EngineError('conflict', `Error: Exec command ${id} is already running`);
  exec.status = 'starting';
  announce(context, exec.container, `exec_start: ${exec.words}`, { execID: id });
  const { attachStdout, attachStderr } = exec.settings;
  const attached = !options.detach && (attachStdout || attachStderr);
  // First, so that it misses nothing.
  const subscription = attached ? context.logs.subscribe(id as ContainerId) : undefined;
  try {
    const started = await run(context, exec, { ...options, attached });
    exec.pid = started.pid;
    exec.stdin = started.stdin;
    exec.status = 'running';
    if (started.output) await readOutput(context, exec, started.output);
  } catch (error) {
    subscription?.close();
    if (exec.status === 'starting') {
      exec.markEnded(error instanceof RuntimeFailure ? error.exitCode : CANNOT_INVOKE);
      exec.markOver();
      noteEnd(context, exec);
    }
    throw startFailure(error);
  } finally {
    exec.markBegun();
  }
  return options.detach ? undefined : execSession(context, exec, { tty: options.tty, subscription });
}

async function run(
  context: ContainersContext,
  exec: Exec,
  options: ExecStartOptions & { attached: boolean },
): Promise<StartedExec> {
  const { settings, container, id } = exec;
  return await context.runtime.execs.start(
    {
      execId: id,
      id: container.id,
      process: await processOf(context, exec, options.consoleSize),
      tty: settings.tty,
      stdin: settings.attachStdin && !options.detach,
      output: options.attached,
      about: settings,
      owner: rootOf(context, container.record.hostConfig),
    },
    { signal: exec.setUp.signal },
  );
}

async function processOf(
  context: ContainersContext,
  { settings, container }: Exec,
  consoleSize: [number, number] | undefined,
): Promise<ExecProcess> {
  const { config, hostConfig } = container.record;
  const cwd = settings.workingDir || '/';
  const mount = context.layers.getMount(container.id);
  if (!mount) throw new EngineError('internal', `container ${container.id} has no root file system`);
  const groups = hostConfig.GroupAdd ?? [];
  const { home, ...user } = await context.rootfs.lookupUser(mount.merged, settings.user, groups);
  if (!cwd.startsWith('/')) {
    const message = 'OCI runtime exec failed: exec failed: Cwd must be an absolute path: unknown';
    throw new RuntimeFailure('internal', message, 128);
  }
  const env = [...(config.Env ?? []), ...settings.env];
  return {
    args: settings.cmd,
    env: containerEnv(env, { hostname: config.Hostname || hostname(), tty: settings.tty, home }),
    cwd,
    tty: settings.tty,
    consoleSize: consoleSize ?? settings.consoleSize,
    user,
    privileged: settings.privileged,
  };
}
