import { readdirSync, readFileSync } from 'node:fs';

/**
 * Processes that a process has begun, and those that these have begun, as of now. Race: what forks meanwhile is
 * missing. Spec: proc(5) `task/<tid>/children`.
 */
export function descendantsOf(pid: number): number[] {
  const found: number[] = [];
  for (const next = [pid]; next.length > 0; ) {
    const children = childrenOf(next.pop() ?? 0);
    found.push(...children);
    next.push(...children);
  }
  return found;
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    // It has ended, or this kernel does not say.
    return [];
  }
}
