import type { Container } from '../container.ts';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
/** A life of this many seconds starts the back-off anew. */
const STEADY_SECONDS = 10;

/** What the container's policy says about an exit. Compat: moby `restartmanager`. */
export function shouldRestart(container: Container, exitCode: number): boolean {
  const { RestartPolicy: policy } = container.record.hostConfig;
  if (container.intent !== 'none' || container.record.hasBeenManuallyStopped) return false;
  switch (policy.Name) {
    case 'always':
    case 'unless-stopped':
      return true;
    case 'on-failure':
      return (
        exitCode !== 0 &&
        (policy.MaximumRetryCount === 0 || container.record.restartCount < policy.MaximumRetryCount)
      );
    default:
      return false;
  }
}

/** Milliseconds to wait before a restart, after a wait of `before` (0 = the first one) and a life of `ranSeconds`. */
export function nextDelay(before: number, ranSeconds: number): number {
  if (before === 0 || ranSeconds >= STEADY_SECONDS) return FIRST_DELAY_MS;
  return Math.min(before * 2, LONGEST_DELAY_MS);
}
