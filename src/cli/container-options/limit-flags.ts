import type { FlagSet } from '../flags/flag-set.ts';
import { parseFloat64 } from '../flags/go-values.ts';
import { memorySwap } from './checks.ts';

export type LimitFlags = ReturnType<typeof limitFlags>;

/** The flags of limits that can be changed while a container runs: those of `update`, and of `run` and `create`. */
export function limitFlags(f: FlagSet) {
  return {
    blkioWeight: f.uint('blkio-weight', 16, {
      usage: 'Block IO weight, 10 to 1000, 0 for none',
      type: 'uint16',
    }),
    cpuPeriod: f.int('cpu-period', { usage: 'CFS period in microseconds' }),
    cpuQuota: f.int('cpu-quota', { usage: 'CFS quota in microseconds' }),
    cpuRtPeriod: f.int('cpu-rt-period', { usage: 'Real-time period in microseconds' }),
    cpuRtRuntime: f.int('cpu-rt-runtime', { usage: 'Real-time runtime in microseconds' }),
    cpuShares: f.int('cpu-shares', { short: 'c', usage: 'CPU shares, a relative weight' }),
    cpus: f.add('cpus', 0, nanoCpus, { type: 'decimal', usage: 'Number of CPUs' }),
    cpusetCpus: f.string('cpuset-cpus', { usage: 'CPUs it may run on: 0-3, 0,1' }),
    cpusetMems: f.string('cpuset-mems', { usage: 'Memory nodes it may use: 0-3, 0,1' }),
    memory: f.bytes('memory', { short: 'm', usage: 'Memory limit' }),
    memoryReservation: f.bytes('memory-reservation', { usage: 'Soft memory limit' }),
    memorySwap: f.add('memory-swap', 0, memorySwap, {
      type: 'bytes',
      usage: 'Limit of memory plus swap, -1 for unlimited swap',
    }),
    pidsLimit: f.int('pids-limit', { usage: 'Limit of processes, -1 for none' }),
  };
}

/** Billionths of a CPU from a decimal number or a fraction. */
function nanoCpus(text: string): number {
  const fraction = /^([+-]?\d+)\/(\d+)$/.exec(text);
  let cpus: number;
  try {
    cpus = fraction ? Number(fraction[1]) / Number(fraction[2]) : parseFloat64(text);
  } catch {
    throw new Error(`failed to parse ${text} as a rational number`);
  }
  const nano = cpus * 1e9;
  if (Math.abs(nano - Math.round(nano)) > 1e-6) throw new Error('value is too precise');
  return Math.round(nano);
}
