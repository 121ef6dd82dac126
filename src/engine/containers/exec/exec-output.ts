import type { ContainerId } from '../../../base/mod.ts';
import type { ExecOutput } from '../../../runtime/mod.ts';
import type { ContainersContext } from '../context.ts';
import type { Exec } from './exec.ts';

/** Has the pump read its output: for whoever listens, else for nobody. It is in no log. */
export async function readOutput(context: ContainersContext, exec: Exec, output: ExecOutput): Promise<void> {
  const id = exec.id as ContainerId;
  const nowhere = { config: { Type: 'none', Config: {} }, path: '', directory: '', notePath: '' };
  await context.logs.register({ id, ...nowhere, tty: exec.settings.tty, ...output });
  exec.outputIsRead = true;
}
