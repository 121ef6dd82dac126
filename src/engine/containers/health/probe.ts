import { formatTime, messageOf, nowNano } from '../../../base/mod.ts';
import type { HealthLogEntry } from '../../../spec/docker/mod.ts';
import type { Container } from '../container.ts';
import type { AttachSession } from '../containers.ts';
import type { ContainersContext } from '../context.ts';
import { createExec } from '../exec/create-exec.ts';
import { forget } from '../exec/end-exec.ts';
import type { Exec } from '../exec/exec.ts';
import { startExec } from '../exec/start-exec.ts';
import { goDuration } from './go-duration.ts';
import type { HealthPlan } from './health-plan.ts';
import { LimitedOutput } from './limited-output.ts';
import type { Slots } from './slots.ts';

/** Compat: Docker's exit code of a check that could not be made, or took too long. */
const NOT_DONE = -1;

/**
 * Makes one check: runs its command in the container, as `docker exec` would. Never rejects. `signal` ends it; what it
 * gives then means nothing. The command's time counts from when it runs.
 */
export async function probe(
  context: ContainersContext,
  container: Container,
  plan: HealthPlan,
  { starts, signal }: { starts: Slots; signal: AbortSignal },
): Promise<HealthLogEntry> {
  const Start = formatTime(nowNano());
  const done = (ExitCode: number, Output: string) => ({
    Start,
    End: formatTime(nowNano()),
    ExitCode,
    Output,
  });
  const output = new LimitedOutput();
  let exec: Exec | undefined;
  try {
    const { id } = await createExec(context, container.id, request(plan));
    exec = context.execs.get(id);
    const session = await starts.run(() => startExec(context, id, { detach: false, tty: false }));
    if (!exec || !session) throw new Error(`health check of container ${container.id} was not started`);
    const ended = await within(plan.timeoutMs, read(session, output), signal);
    if (!ended) {
      await context.runtime.execs.kill(id);
      // So that dying checks do not pile up.
      await exec.over;
      const said = output.toString();
      const why = `Health check exceeded timeout (${goDuration(plan.timeoutMs)})`;
      return done(NOT_DONE, said === '' ? why : `${why}: ${said}`);
    }
    await exec.over;
    return done(exec.exitCode ?? NOT_DONE, output.toString());
  } catch (error) {
    context.log.debug('a health check cannot be made', { id: container.id, error: messageOf(error) });
    return done(NOT_DONE, messageOf(error));
  } finally {
    // Nobody asks about it, and what people run is remembered longer.
    if (exec) forget(context, exec);
  }
}

function request({ command }: HealthPlan): Parameters<typeof createExec>[2] {
  return {
    cmd: command,
    user: '',
    privileged: false,
    tty: false,
    attachStdin: false,
    attachStdout: true,
    attachStderr: true,
    detachKeys: '',
    env: [],
    workingDir: '',
    isProbe: true,
  };
}

async function read(session: AttachSession, output: LimitedOutput): Promise<void> {
  for await (const { data } of session.output) output.add(data);
}

/** False where `work` took longer, or `signal` came first. */
async function within(ms: number, work: Promise<void>, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  const abort = () => resolve(false);
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([work.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
