import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { forget, forgetOnDisk } from './end-exec.ts';
import type { Exec } from './exec.ts';

/** How long the processes of a container that has ended may take to be told of. */
const OVER_MS = 2_000;
/** Its client, which asks for the exit code once its streams have ended, may come after the end of `--rm`. */
const LINGER_MS = 2_000;

/**
 * The container has ended, and all its processes with it. Compat: what has run can be asked about for a while, what
 * was not started is gone.
 */
export async function dropExecs(context: ContainersContext, container: Container): Promise<void> {
  for (const exec of context.execs.of(container.id)) {
    if (exec.status === 'created') {
      forget(context, exec);
      continue;
    }
    exec.setUp.abort();
    await overSoon(exec);
    forgetOnDisk(context, exec.id);
  }
}

/** The container is being removed. */
export function forgetExecsSoon(context: ContainersContext, container: Container): void {
  const execs = context.execs.of(container.id);
  if (execs.length === 0) return;
  setTimeout(() => {
    for (const exec of execs) forget(context, exec);
  }, LINGER_MS).unref();
}

async function overSoon(exec: Exec): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, OVER_MS);
  await Promise.race([exec.over, promise]).finally(() => clearTimeout(timer));
}
