import { closeSync, constants, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescriptorReceiver,
  growPipe,
  killProcess,
  readProcStat,
  type StdioSource,
  setNonBlocking,
  setWindowSize,
} from '../../sys/mod.ts';
import type { KeeperContext } from './context.ts';
import { type ExecOperation, KeeperFailure } from './protocol.ts';
import { HeldDescriptors } from './stdio.ts';

const O_CLOEXEC = 0o2000000;
const PIPE_BYTES = 1024 * 1024;
const SIGKILL = 9;

/**
 * Runs the OCI runtime's `exec`, which detaches once the program was let go: the deadline covers its set-up only. On
 * failure nothing is left. The process becomes our child when the runtime has ended.
 */
export async function exec(
  context: KeeperContext,
  request: ExecOperation,
): Promise<{ pid: number; startTime: number }> {
  const { execId, id, tty, stdio, about } = request;
  if (context.execs.has(execId) || context.underWay.has(execId)) {
    throw new KeeperFailure({ kind: 'bad-request', message: `exec ${execId} is held already` });
  }
  const held = new HeldDescriptors();
  try {
    for (const path of [stdio.stdout, stdio.stderr]) {
      // So that the process runs on when the daemon, the reader, does not.
      if (path !== undefined)
        growPipe(held.hold(open(path, constants.O_RDWR | constants.O_NONBLOCK)), PIPE_BYTES);
    }
    using console = tty ? new DescriptorReceiver(consolePath(context, execId)) : undefined;
    await runExec(context, request, console?.path);
    if (console) takeTerminal(console, request, held);
    const pid = Number(readFileSync(join(request.directory, 'pid'), 'utf8'));
    // A child of ours that is not reaped yet, or it was reaped a moment ago and has no start time any more.
    const startTime = readProcStat(pid)?.startTime ?? 0;
    context.execs.add({ execId, id, tty, stdio, about, pid, startTime }, held);
    return { pid, startTime };
  } catch (error) {
    held.close();
    throw error;
  }
}

async function runExec(context: KeeperContext, request: ExecOperation, console: string | undefined) {
  const { id, execId, directory, runtime } = request;
  const log = join(directory, 'log');
  const argv = [
    'crun',
    ...['--root', runtime.root, '--log', log, ...runtime.args],
    ...['exec', '--detach', '--process', join(directory, 'process.json')],
    ...['--pid-file', join(directory, 'pid')],
    ...(console === undefined ? [] : ['--console-socket', console]),
    id,
  ];
  const ends = openEnds(request);
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
    // The whole group: the process is in it until late in its set-up, then in the container's cgroup.
    killProcess(-child.pid, SIGKILL);
  };
  const timer = setTimeout(() => kill('timeout'), request.deadlineMs);
  context.underWay.set(execId, () => kill('aborted'));
  const status = await child.ended;
  clearTimeout(timer);
  context.underWay.delete(execId);
  if (status === 0) return;
  const message = `${runtime.path} exec: ${why ?? `wait status ${status}`}`;
  throw new KeeperFailure({ kind: why ?? 'runtime', message, log: readLog(log) });
}

/** The process's own ends, each a fresh open file description, blocking. `close` once the runtime was spawned. */
function openEnds({ stdio, tty }: ExecOperation): {
  stdio: [StdioSource, StdioSource, StdioSource];
  close: () => void;
} {
  const fds: number[] = [];
  const opened = (path: string | undefined, flags: number): StdioSource => {
    if (path === undefined || tty) return { path: '/dev/null', flags: constants.O_RDWR };
    const fd = open(path, flags);
    fds.push(fd);
    return fd;
  };
  const close = () => {
    for (const fd of fds) closeSync(fd);
  };
  try {
    const stdin = opened(stdio.stdin, constants.O_RDONLY | constants.O_NONBLOCK);
    if (typeof stdin === 'number') setNonBlocking(stdin, false);
    const output = constants.O_WRONLY;
    return { stdio: [stdin, opened(stdio.stdout, output), opened(stdio.stderr, output)], close };
  } catch (error) {
    close();
    throw error;
  }
}

function takeTerminal(console: DescriptorReceiver, request: ExecOperation, held: HeldDescriptors): void {
  const master = console.take();
  if (master === undefined)
    throw new KeeperFailure({ kind: 'internal', message: 'the runtime sent no terminal' });
  held.ptyMaster = held.hold(master);
  setNonBlocking(master, true);
  const [height, width] = request.consoleSize;
  if (height > 0 && width > 0) setWindowSize(master, height, width);
}

/** Short, for a socket's path has 107 bytes at most. */
function consolePath({ execRoot }: KeeperContext, execId: string): string {
  const path = join(execRoot, `tty-${execId.slice(0, 16)}`);
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

function open(path: string, flags: number): number {
  return openSync(path, flags | O_CLOEXEC);
}
