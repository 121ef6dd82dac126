import { EngineError, newId } from '../../../base/mod.ts';
import { announce, type ContainersContext } from '../context.ts';
import { detachKeyBytes } from '../detach-keys.ts';
import { refuseNul } from '../request/refuse-nul.ts';
import { checkActive } from './active-container.ts';
import { Exec } from './exec.ts';
import type { ExecCreateRequest } from './execs.ts';

/** Notes what is to be run; nothing is done in the container. */
export async function createExec(
  context: ContainersContext,
  ref: string,
  request: ExecCreateRequest,
): Promise<{ id: string }> {
  const container = context.directory.find(ref);
  checkActive(container, ref);
  checkDetachKeys(request.detachKeys);
  refuseNul('Cmd', request.cmd);
  refuseNul('environment variable', request.env);
  refuseNul('User', request.user);
  refuseNul('WorkingDir', request.workingDir);
  const { config } = container.record;
  const exec = new Exec(newId(), container, {
    ...request,
    user: request.user || config.User,
    workingDir: request.workingDir || config.WorkingDir,
    consoleSize: request.consoleSize ?? [0, 0],
    isProbe: request.isProbe ?? false,
  });
  context.execs.add(exec);
  announce(context, container, `exec_create: ${exec.words}`, { execID: exec.id });
  return { id: exec.id };
}

function checkDetachKeys(keys: string): void {
  try {
    if (keys !== '') detachKeyBytes(keys);
  } catch (error) {
    // Compat: moby has no category for it, which is a 500.
    throw new EngineError('internal', `Invalid escape keys (${keys}) provided`, { cause: error });
  }
}
