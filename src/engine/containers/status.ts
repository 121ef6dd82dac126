import { EngineError } from '../../base/mod.ts';
import type { ContainerStatus } from '../../spec/docker/mod.ts';

/**
 * The legal moves between the seven states: from → to → why. Verbs, recovery and the documentation read this table;
 * no code changes a status but through `move`.
 */
export const TRANSITIONS: Record<ContainerStatus, Partial<Record<ContainerStatus, string>>> = {
  created: { running: 'start', removing: 'rm', exited: 'start failed' },
  running: { paused: 'pause', restarting: 'exit, and the policy restarts', exited: 'exit' },
  paused: { running: 'unpause', restarting: 'exit, and the policy restarts', exited: 'exit (killed)' },
  restarting: { running: 'start', exited: 'stop', removing: 'rm -f' },
  exited: { running: 'start', restarting: 'daemon start, by policy', removing: 'rm' },
  removing: { dead: 'removal failed' },
  dead: { removing: 'rm again' },
};

/** True while there is a process of the container, or soon will be again. Docker's `State.Running`. */
export function isRunning(status: ContainerStatus): boolean {
  return status === 'running' || status === 'paused' || status === 'restarting';
}

/** The status after a move. An illegal one is a bug of ours: verbs check with Docker's sentences before. */
export function move(from: ContainerStatus, to: ContainerStatus): ContainerStatus {
  if (TRANSITIONS[from][to] === undefined) {
    throw new EngineError('internal', `illegal change of container state: ${from} to ${to}`);
  }
  return to;
}
