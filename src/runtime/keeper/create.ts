import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readProcStat } from '../../sys/mod.ts';
import type { KeeperContext } from './context.ts';
import { type CreateOperation, KeeperFailure } from './protocol.ts';
import { holdTerminal, receiveConsole, runRuntime } from './run-runtime.ts';
import { HeldDescriptors, holdStdio, openContainerStdio } from './stdio.ts';

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
    using console = request.tty ? receiveConsole(context, request.id) : undefined;
    await runCreate(context, request, console?.path);
    if (console) holdTerminal(console, request.consoleSize, descriptors);
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
  const { id, bundle, runtime, deadlineMs } = request;
  const log = join(bundle, 'log');
  rmSync(log, { force: true });
  const args = [
    ...['--bundle', bundle, '--pid-file', join(bundle, 'pid')],
    ...(console === undefined ? [] : ['--console-socket', console]),
    id,
  ];
  const ends = openContainerStdio(request);
  await runRuntime(context, { id, runtime, verb: 'create', args, log, ends, deadlineMs });
}
