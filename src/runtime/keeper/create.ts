import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescriptorReceiver,
  killProcess,
  readProcStat,
  setNonBlocking,
  setWindowSize,
} from '../../sys/mod.ts';
import type { KeeperContext } from './context.ts';
import { type CreateOperation, KeeperFailure } from './protocol.ts';
import { HeldDescriptors, holdStdio, openContainerStdio } from './stdio.ts';

const SIGKILL = 9;

/**
 * Runs the OCI runtime's `create` with the container's stdio and a deadline. On failure nothing of the keeper's is
 * left; what the runtime left (state directory, cgroups, and processes in them) is the daemon's to remove.
 */
export async function create(
  context: KeeperContext,
  request: CreateOperation,
): Promise<{ pid: number; startTime: number }> {
  const { containers, underWay } = context;
  if (containers.has(request.id) || underWay.has(request.id)) {
    throw new KeeperFailure({ kind: 'bad-request', message: `container ${request.id} is held already` });
  }
  const descriptors = new HeldDescriptors();
  try {
    holdStdio(request, descriptors);
    using console = request.tty ? new DescriptorReceiver(consolePath(context, request)) : undefined;
    await runCreate(context, request, console?.path);
    if (console) takeTerminal(console, request, descriptors);
    const pid = Number(readFileSync(join(request.bundle, 'pid'), 'utf8'));
    // A child of ours that is not reaped yet, or it was reaped a moment ago and has no start time any more.
    const startTime = readProcStat(pid)?.startTime ?? 0;
    const { id, startNumber, tty, holdStdin, stdio, runtime } = request;
    const record = { id, startNumber, tty, holdStdin, ...(stdio && { stdio }), runtime, pid, startTime };
    containers.add(record, descriptors);
    return { pid, startTime };
  } catch (error) {
    descriptors.close();
    throw error;
  }
}

async function runCreate(context: KeeperContext, request: CreateOperation, console: string | undefined) {
  const { id, bundle, runtime } = request;
  const log = join(bundle, 'log');
  rmSync(log, { force: true });
  const argv = [
    'crun',
    ...['--root', runtime.root, '--log', log, ...runtime.args],
    ...['create', '--bundle', bundle, '--pid-file', join(bundle, 'pid')],
    ...(console === undefined ? [] : ['--console-socket', console]),
    id,
  ];
  const ends = openContainerStdio(request);
  let child: { pid: number; ended: Promise<number> };
  try {
    const env = { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' };
    const path = context.programs.executable(runtime.path);
    child = context.children.spawn({ path, argv, env, stdio: ends.stdio });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new KeeperFailure({ kind: 'runtime', message, log: '' });
  } finally {
    ends.close();
  }
  let why: 'timeout' | 'aborted' | undefined;
  const kill = (reason: 'timeout' | 'aborted') => {
    why = reason;
    // The whole group: the container's first process is in it until late in its set-up, then in its cgroup.
    killProcess(-child.pid, SIGKILL);
  };
  const timer = setTimeout(() => kill('timeout'), request.deadlineMs);
  context.underWay.set(id, () => kill('aborted'));
  const status = await child.ended;
  clearTimeout(timer);
  context.underWay.delete(id);
  if (status === 0) return;
  const message = `${runtime.path} create: ${why ?? `wait status ${status}`}`;
  throw new KeeperFailure({ kind: why ?? 'runtime', message, log: readLog(log) });
}

function takeTerminal(console: DescriptorReceiver, request: CreateOperation, held: HeldDescriptors): void {
  const master = console.take();
  if (master === undefined)
    throw new KeeperFailure({ kind: 'internal', message: 'the runtime sent no terminal' });
  held.ptyMaster = held.hold(master);
  setNonBlocking(master, true);
  const [height, width] = request.consoleSize;
  if (height > 0 && width > 0) setWindowSize(master, height, width);
}

/** Short, for a socket's path has 107 bytes at most. */
function consolePath({ execRoot }: KeeperContext, { id }: CreateOperation): string {
  const path = join(execRoot, `tty-${id.slice(0, 16)}`);
  rmSync(path, { force: true });
  return path;
}

function readLog(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(-16_384);
  } catch {
    return '';
  }
}
