import { EngineError } from '../../../base/mod.ts';
import type { LimitChange } from '../../../runtime/mod.ts';
import type { HostConfig, Resources, RestartPolicy } from '../../../spec/docker/mod.ts';

import { mergePorts, type PortChange } from './merge-ports.ts';

/** What `docker update` can change; zero values stay as they are. */
export interface UpdateRequest extends Resources {
  RestartPolicy: RestartPolicy;
  /** Ours. Stock clients know nothing of it. */
  Minke?: PortChange | undefined;
}

/** Fields that a value other than the zero value replaces. Compat: the rest of `Resources` is taken and ignored. */
const REPLACED = [
  ...(['BlkioWeight', 'CpuShares', 'NanoCpus', 'CpuPeriod', 'CpuQuota', 'CpusetCpus', 'CpusetMems'] as const),
  ...(['Memory', 'MemorySwap', 'MemoryReservation', 'CpuRealtimePeriod', 'CpuRealtimeRuntime'] as const),
] satisfies (keyof Resources)[];

/** The settings after an update. Throws `conflict` with Docker's sentence. Compat: moby `Container.UpdateContainer`. */
export function mergeUpdate(current: HostConfig, asked: UpdateRequest): HostConfig {
  checkCpu(current, asked);
  if (asked.Memory > current.MemorySwap && asked.Memory !== 0 && asked.MemorySwap === 0) {
    throw conflict(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
  const replaced = Object.fromEntries(REPLACED.filter((key) => asked[key]).map((key) => [key, asked[key]]));
  const merged = { ...current, ...replaced };
  if (asked.Minke) merged.PortBindings = mergePorts(current, asked.Minke);
  if (asked.PidsLimit !== null) merged.PidsLimit = asked.PidsLimit;
  if (asked.RestartPolicy.Name === '') return merged;
  if (current.AutoRemove && asked.RestartPolicy.Name !== 'no') {
    throw conflict('Restart policy cannot be updated because AutoRemove is enabled for the container');
  }
  return { ...merged, RestartPolicy: asked.RestartPolicy };
}

/** `--cpus` is a period and a quota: one way or the other. */
function checkCpu(current: HostConfig, asked: UpdateRequest): void {
  const refuse = (what: string, other: string) => {
    throw conflict(`Conflicting options: ${what} cannot be updated as ${other} has already been set`);
  };
  if (asked.NanoCpus > 0 && current.CpuPeriod > 0) refuse('Nano CPUs', 'CPU Period');
  if (asked.NanoCpus > 0 && current.CpuQuota > 0) refuse('Nano CPUs', 'CPU Quota');
  if (asked.CpuPeriod > 0 && current.NanoCpus > 0) refuse('CPU Period', 'NanoCPUs');
  if (asked.CpuQuota > 0 && current.NanoCpus > 0) refuse('CPU Quota', 'NanoCPUs');
}

/** What changes in the cgroup of one that runs: the settings of `merged` that `asked` touched. */
export function limitChange(
  merged: HostConfig,
  asked: UpdateRequest,
  host: { swapLimit: boolean },
): LimitChange {
  const change: LimitChange = {};
  if (asked.Memory || asked.MemorySwap || asked.MemoryReservation) {
    const { Memory: limit, MemoryReservation: reservation } = merged;
    const swap = merged.MemorySwap;
    change.memory = {
      ...((asked.Memory || asked.MemorySwap) && limit > 0 && { limit }),
      ...((asked.Memory || asked.MemorySwap) && swap !== 0 && host.swapLimit && { swap }),
      ...(asked.MemoryReservation && { reservation }),
    };
  }
  const cpu = cpuChange(asked);
  if (Object.keys(cpu).length > 0) change.cpu = cpu;
  // Of a record of Docker's, what was never set may be missing.
  const pids = asked.PidsLimit ?? undefined;
  if (pids !== undefined) change.pids = { limit: pids > 0 ? pids : -1 };
  if (asked.BlkioWeight > 0) change.blockIO = { weight: asked.BlkioWeight };
  return change;
}

/** Compat: dockerd spreads `--cpus` over periods of 100 ms. */
const NANO_CPU_PERIOD = 100_000;

function cpuChange(asked: UpdateRequest): NonNullable<LimitChange['cpu']> {
  const nano = asked.NanoCpus > 0;
  const quota = nano ? Math.floor((asked.NanoCpus * NANO_CPU_PERIOD) / 1e9) : asked.CpuQuota;
  const period = nano ? NANO_CPU_PERIOD : asked.CpuPeriod;
  return {
    ...(asked.CpuShares > 0 && { shares: asked.CpuShares }),
    ...(quota !== 0 && { quota }),
    ...(period > 0 && { period }),
    ...(asked.CpuRealtimePeriod > 0 && { realtimePeriod: asked.CpuRealtimePeriod }),
    ...(asked.CpuRealtimeRuntime > 0 && { realtimeRuntime: asked.CpuRealtimeRuntime }),
    ...(asked.CpusetCpus !== '' && { cpus: asked.CpusetCpus }),
    ...(asked.CpusetMems !== '' && { mems: asked.CpusetMems }),
  };
}

function conflict(message: string): EngineError {
  return new EngineError('conflict', message);
}
