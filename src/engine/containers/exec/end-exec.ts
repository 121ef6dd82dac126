import { type ContainerId, isEngineError, messageOf } from '../../../base/mod.ts';
import type { ExecEnd } from '../../../runtime/mod.ts';
import { announce, type ContainersContext } from '../context.ts';
import type { Exec } from './exec.ts';

/** From the exit of a process to its event, once all its output was read. Never rejects. */
export async function handleExecExit(context: ContainersContext, end: ExecEnd): Promise<void> {
  const exec = context.execs.get(end.execId);
  if (!exec) return;
  await exec.begun;
  // Compat: before its streams end, so that a client which asks then sees it.
  exec.markEnded(end.exitCode);
  try {
    if (exec.outputIsRead) await context.logs.drain(exec.id as ContainerId);
  } catch (error) {
    // The daemon goes down: the next one tells of it.
    if (isEngineError(error, 'cancelled')) return;
    context.log.error('the last output of an exec is lost', { id: exec.id, error: messageOf(error) });
  }
  exec.stdin?.release();
  exec.stdin = undefined;
  tellEnd(context, exec);
  // Crash: until here its pipes on disk say that its end may not have been told.
  await settle(context, exec);
  exec.markOver();
  noteEnd(context, exec);
}

export function tellEnd(context: ContainersContext, exec: Exec): void {
  announce(context, exec.container, 'exec_die', { execID: exec.id, exitCode: String(exec.exitCode) });
}

export async function settle(context: ContainersContext, { id }: Exec): Promise<void> {
  await context.runtime.execs.closeStreams(id).catch((error: unknown) => {
    context.log.warn('the streams of an exec are left', { id, error: messageOf(error) });
  });
}

/** Lets go of those that ended longest ago. */
export function noteEnd(context: ContainersContext, exec: Exec): void {
  for (const stale of context.execs.noteEnd(exec)) forget(context, stale);
}

/** Nobody can ask about it any more. */
export function forget(context: ContainersContext, exec: Exec): void {
  context.execs.remove(exec);
  forgetOnDisk(context, exec.id);
}

/** A next daemon will not know of it. */
export function forgetOnDisk(context: ContainersContext, id: string): void {
  context.runtime.execs.forget(id).catch((error: unknown) => {
    context.log.warn('an exec is left in the exec-root', { id, error: messageOf(error) });
  });
}
