import { messageOf } from '../../../base/mod.ts';
import type { KnownExec } from '../../../runtime/mod.ts';
import type { ContainersContext } from '../context.ts';
import { isRunning } from '../life/status.ts';
import { forgetOnDisk, noteEnd, settle, tellEnd } from './end-exec.ts';
import { Exec, type ExecSettings } from './exec.ts';
import { readOutput } from './exec-output.ts';

/**
 * After a restart of the daemon, once its containers are known: processes ran on, those that ended did so with an
 * exit code, and nobody listens to any of them.
 */
export async function restoreExecs(context: ContainersContext): Promise<void> {
  const known = await context.runtime.execs.list();
  const execs = known.map((one) => ({ one, exec: toExec(context, one) }));
  // Race: all are known before the first exit can be told.
  for (const { exec } of execs) if (exec) context.execs.add(exec);
  for (const { one, exec } of execs) {
    if (!exec) forgetOnDisk(context, one.execId);
    else if (exec.status === 'ended') await settleEnded(context, one, exec);
    else await goOn(context, one, exec);
  }
}

/** Undefined if its container has ended, or is gone. */
function toExec(context: ContainersContext, { execId, id, pid, about, exit }: KnownExec): Exec | undefined {
  const container = context.directory.get(id);
  if (!container || !isRunning(container.status)) return undefined;
  const exec = new Exec(execId, container, about as ExecSettings);
  exec.pid = pid;
  exec.status = 'running';
  if (exit) exec.markEnded(exit.exitCode);
  return exec;
}

async function settleEnded(
  context: ContainersContext,
  { exit, settled }: KnownExec,
  exec: Exec,
): Promise<void> {
  if (!settled) {
    const since = BigInt(Math.floor(exit?.at ?? 0)) * 1_000_000n;
    if (!context.events.happened('exec_die', exec.container.id, since, { execID: exec.id })) {
      tellEnd(context, exec);
    }
    await settle(context, exec);
  }
  exec.markOver();
  noteEnd(context, exec);
}

/** What it says is read on, so that it does not wait for a reader. */
async function goOn(context: ContainersContext, one: KnownExec, exec: Exec): Promise<void> {
  try {
    if (exec.settings.isProbe) await context.runtime.execs.kill(exec.id);
    const output = one.settled ? undefined : await context.runtime.execs.reopen(one);
    if (output) await readOutput(context, exec, output);
  } catch (error) {
    context.log.debug('the output of an exec is not read', { id: exec.id, error: messageOf(error) });
  } finally {
    exec.markBegun();
  }
}
