import { parseTime } from '../../../base/mod.ts';
import type { Health, HealthLogEntry } from '../../../spec/docker/mod.ts';
import type { HealthPlan } from './health-plan.ts';

const MOST_ENTRIES = 5;

/** At a start. Compat: what was logged of an earlier life stays. */
export function startingHealth(before: Health | undefined): Health {
  return { Status: 'starting', FailingStreak: 0, Log: before?.Log ?? [] };
}

/** With nobody checking any more: at an end, or a pause. Compat: moby `Health.CloseMonitorChannel`. */
export function unwatchedHealth(before: Health): Health {
  return { ...before, Status: 'unhealthy' };
}

/** After one more check. `startedAt`: RFC 3339. Compat: moby `handleProbeResult`. */
export function afterCheck(
  before: Health,
  entry: HealthLogEntry,
  plan: HealthPlan,
  startedAt: string,
): Health {
  const Log = [...(before.Log ?? []), entry].slice(-MOST_ENTRIES);
  if (entry.ExitCode === 0) return { Status: 'healthy', FailingStreak: 0, Log };
  const age = (parseTime(entry.Start) ?? 0n) - (parseTime(startedAt) ?? 0n);
  const mayFail = before.Status === 'starting' && Number(age) / 1e6 < plan.startPeriodMs;
  const FailingStreak = before.FailingStreak + (mayFail ? 0 : 1);
  const Status = !mayFail && FailingStreak >= plan.retries ? 'unhealthy' : before.Status;
  return { Status, FailingStreak, Log };
}

/** Milliseconds from the end of one check, or from the start, to the next check; `ageMs` is the container's. */
export function untilNextCheck(plan: HealthPlan, status: Health['Status'], ageMs: number): number {
  return status === 'starting' && ageMs < plan.startPeriodMs ? plan.startIntervalMs : plan.intervalMs;
}
