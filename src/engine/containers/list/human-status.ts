import { parseTime, ZERO_TIME } from '../../../base/mod.ts';
import type { ContainerState, Health } from '../../../spec/docker/mod.ts';

/** `Status` of `docker ps`: `Up 3 minutes (Paused)`, `Exited (0) 2 hours ago`. Compat: moby `State.String`. */
export function humanStatus(state: ContainerState, now: bigint): string {
  const since = (time: string) => humanDuration((now - (parseTime(time) ?? now)) / 1_000_000_000n);
  switch (state.Status) {
    case 'running':
      return `Up ${since(state.StartedAt)}${inBrackets(state.Health)}`;
    case 'paused':
      return `Up ${since(state.StartedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.ExitCode}) ${since(state.FinishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
    default:
      return state.FinishedAt === ZERO_TIME
        ? ''
        : `Exited (${state.ExitCode}) ${since(state.FinishedAt)} ago`;
  }
}

/** Compat: moby `Health.String`. */
function inBrackets(health: Health | undefined): string {
  if (!health) return '';
  return ` (${health.Status === 'starting' ? 'health: starting' : health.Status})`;
}

/** Compat: go-units `HumanDuration`. */
export function humanDuration(duration: bigint): string {
  const seconds = Number(duration);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(hours / 24 / 365)} years`;
}
