import type { Resources } from '../../spec/docker/mod.ts';
import type { LimitFlags } from './limit-flags.ts';

/** The limits that flags ask for, as requests spell them. */
export function limits(o: LimitFlags): Partial<Resources> {
  return {
    Memory: o.memory.value,
    MemoryReservation: o.memoryReservation.value,
    MemorySwap: o.memorySwap.value,
    NanoCpus: o.cpus.value,
    CpuShares: o.cpuShares.value,
    CpuPeriod: o.cpuPeriod.value,
    CpuQuota: o.cpuQuota.value,
    CpuRealtimePeriod: o.cpuRtPeriod.value,
    CpuRealtimeRuntime: o.cpuRtRuntime.value,
    CpusetCpus: o.cpusetCpus.value,
    CpusetMems: o.cpusetMems.value,
    PidsLimit: o.pidsLimit.value,
    BlkioWeight: o.blkioWeight.value,
  };
}
