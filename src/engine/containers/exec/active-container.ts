import { EngineError } from '../../../base/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { checkVerb } from '../life/status.ts';
import type { Exec } from './exec.ts';

/** Throws Docker's sentence unless a process can be run in it now. `named`: as the client wrote it. */
export function checkActive({ status, id, name }: Container, named: string = id): void {
  checkVerb('exec', { status, id, name, asked: named });
}

/** `not-found` with Docker's sentence if there is no such exec. */
export function findExec(context: ContainersContext, id: string): Exec {
  const exec = context.execs.get(id);
  if (!exec) throw new EngineError('not-found', `No such exec instance: ${id}`);
  return exec;
}

/** One that can be worked with: its container is there and runs. */
export function findActive(context: ContainersContext, id: string): Exec {
  const exec = findExec(context, id);
  const { container } = exec;
  if (context.directory.get(container.id) !== container) {
    throw new EngineError('not-found', `No such container: ${container.id}`);
  }
  checkActive(container);
  return exec;
}
