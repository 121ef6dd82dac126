import type { ContainerConfig } from '../../../spec/docker/mod.ts';

/** How a container's health is checked, complete. Times in milliseconds. */
export interface HealthPlan {
  command: string[];
  intervalMs: number;
  timeoutMs: number;
  startPeriodMs: number;
  /** Between checks during the start period, as long as none has succeeded. */
  startIntervalMs: number;
  /** Failures in a row that mean unhealthy. */
  retries: number;
}

const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** Undefined where there is nothing to check. Compat: moby `daemon/health.go`, its defaults too. */
export function healthPlan(config: Pick<ContainerConfig, 'Healthcheck' | 'Shell'>): HealthPlan | undefined {
  const { Healthcheck: check, Shell: shell } = config;
  const command = commandOf(check?.Test ?? [], shell?.length ? shell : DEFAULT_SHELL);
  if (!check || !command) return undefined;
  return {
    command,
    intervalMs: milliseconds(check.Interval, 30_000),
    timeoutMs: milliseconds(check.Timeout, 30_000),
    startPeriodMs: milliseconds(check.StartPeriod, 0),
    startIntervalMs: milliseconds(check.StartInterval, 5_000),
    retries: check.Retries || 3,
  };
}

/** Compat: a kind that is none of Docker's is passed over. */
function commandOf([kind, ...rest]: string[], shell: string[]): string[] | undefined {
  if (kind === 'CMD' && rest.length > 0) return rest;
  return kind === 'CMD-SHELL' ? [...shell, ...rest] : undefined;
}

/** Of nanoseconds; 0 and undefined are the default. */
function milliseconds(duration: number | undefined, otherwise: number): number {
  return duration ? duration / 1_000_000 : otherwise;
}
