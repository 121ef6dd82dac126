import type { HealthConfig } from '../../spec/docker/mod.ts';
import type { ContainerFlags } from './flags.ts';

/** The health check that flags ask for, if they do. */
export function healthConfig(o: ContainerFlags): HealthConfig | undefined {
  const command = o.healthCmd.value;
  const numbers = {
    interval: o.healthInterval.value,
    timeout: o.healthTimeout.value,
    retries: o.healthRetries.value,
    'start-period': o.healthStartPeriod.value,
    'start-interval': o.healthStartInterval.value,
  };
  const asked = command !== '' || Object.values(numbers).some((number) => number !== 0);
  if (o.noHealthcheck.value) {
    if (asked || o.healthOnFailure.value !== '')
      throw new Error('--no-healthcheck conflicts with --health-* options');
    return { Test: ['NONE'] };
  }
  if (!asked) return undefined;
  for (const [name, number] of Object.entries(numbers)) {
    if (number < 0) throw new Error(`--health-${name} cannot be negative`);
  }
  return {
    ...(command ? { Test: ['CMD-SHELL', command] } : {}),
    ...(numbers.interval ? { Interval: numbers.interval } : {}),
    ...(numbers.timeout ? { Timeout: numbers.timeout } : {}),
    ...(numbers['start-period'] ? { StartPeriod: numbers['start-period'] } : {}),
    ...(numbers['start-interval'] ? { StartInterval: numbers['start-interval'] } : {}),
    ...(numbers.retries ? { Retries: numbers.retries } : {}),
  };
}
