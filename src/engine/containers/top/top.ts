import { EngineError, messageOf } from '../../../base/mod.ts';
import { RunError, type RunResult, run } from '../../../sys/mod.ts';
import type { Container } from '../container.ts';
import { announce, type ContainersContext } from '../context.ts';
import { isRunning } from '../life/status.ts';
import { type ProcessList, parsePs } from './ps-output.ts';

const DEADLINE_MS = 20_000;

/** The processes of a container as the host's `ps` shows them. */
export async function top(
  context: ContainersContext,
  container: Container,
  psArgs: string,
): Promise<ProcessList> {
  if (!isRunning(container.status)) {
    throw new EngineError('conflict', `Container ${container.id} is not running`);
  }
  if (container.status === 'restarting') {
    const advice = 'wait until the container is running';
    throw new EngineError('conflict', `Container ${container.id} is restarting, ${advice}`);
  }
  checkTitles(psArgs);
  const pids = context.runtime.pids(container.id);
  const { stdout } = await runPs((psArgs || '-ef').split(' '), pids);
  const list = parsePs(stdout.toString('utf8'), new Set(pids));
  announce(context, container, 'top');
  return list;
}

/** Compat: another column that is called PID would be taken for it. */
function checkTitles(psArgs: string): void {
  for (const [, column, title] of psArgs.matchAll(/\s+(\S*)=\s*(PID\S*)/g)) {
    if (column !== 'pid') throw new EngineError('internal', `specifying "${column}=${title}" is not allowed`);
  }
}

/** Of these processes alone; of all, where the options do not go with that. */
async function runPs(args: string[], pids: readonly number[]): Promise<RunResult> {
  const ps = (words: string[]) => run(['ps', ...words], { deadlineMs: DEADLINE_MS });
  try {
    return await ps([...args, `-q${pids.join(',')}`]);
  } catch {
    try {
      return await ps(args);
    } catch (error) {
      throw new EngineError('internal', `ps: ${why(error)}`, { cause: error });
    }
  }
}

function why(error: unknown): string {
  if (!(error instanceof RunError)) return messageOf(error);
  if (error.code === 'ENOENT') return 'exec: "ps": executable file not found in $PATH';
  const [line = ''] = error.stderr.split('\n');
  if (line !== '') return line;
  return error.exitCode === undefined ? error.message : `exit status ${error.exitCode}`;
}
