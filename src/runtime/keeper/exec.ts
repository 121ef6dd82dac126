import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { growPipe, O_CLOEXEC, readProcStat, type StdioSource, setNonBlocking } from '../../sys/mod.ts';
import type { KeeperContext } from './context.ts';
import { type ExecOperation, KeeperFailure } from './protocol.ts';
import { holdTerminal, receiveConsole, runRuntime } from './run-runtime.ts';
import { HeldDescriptors } from './stdio.ts';

const PIPE_BYTES = 1024 * 1024;

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
    using console = tty ? receiveConsole(context, execId) : undefined;
    await runExec(context, request, console?.path);
    if (console) holdTerminal(console, request.consoleSize, held);
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
  const { execId, directory, runtime, deadlineMs } = request;
  const args = [
    ...['--detach', '--process', join(directory, 'process.json'), '--pid-file', join(directory, 'pid')],
    ...(console === undefined ? [] : ['--console-socket', console]),
    request.id,
  ];
  const log = join(directory, 'log');
  const ends = openEnds(request);
  await runRuntime(context, { id: execId, runtime, verb: 'exec', args, log, ends, deadlineMs });
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

function open(path: string, flags: number): number {
  return openSync(path, flags | O_CLOEXEC);
}
