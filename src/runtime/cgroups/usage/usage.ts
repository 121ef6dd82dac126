import type { BlkioStats, CpuStats, MemoryStats, Uint64 } from '../../../spec/docker/mod.ts';

/** What a container's cgroup says that it has used, in the Engine API's words. */
export interface CgroupUsage {
  cpu: Omit<CpuStats, 'system_cpu_usage' | 'online_cpus'>;
  memory: MemoryStats;
  pids: { current?: Uint64; limit?: Uint64 };
  blkio: BlkioStats;
}

/** Content of a file of the cgroup, in the hierarchy with that controller; undefined if there is none. */
export type ReadFile = (controller: string, file: string) => string | undefined;

/** What the kernel says for "no limit" on version 2. */
const MAX = 18446744073709551615n;

/** The number that `text` begins with, exactly; 0 if there is none, 2^64-1 for `max`. */
export function parseUint64(text: string | undefined): Uint64 {
  const digits = /^\s*(\d+|max)/.exec(text ?? '')?.[1] ?? '0';
  if (digits === 'max') return MAX;
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : BigInt(digits);
}

/** Lines of a name and a number. */
export function parseFlatKeyed(text: string | undefined): Map<string, Uint64> {
  const values = new Map<string, Uint64>();
  for (const line of (text ?? '').split('\n')) {
    const blank = line.indexOf(' ');
    if (blank > 0) values.set(line.slice(0, blank), parseUint64(line.slice(blank + 1)));
  }
  return values;
}

/** Without what is 0, which Go leaves out. */
export function withoutZeros<T extends Record<string, unknown>>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== 0)) as Partial<T>;
}

export function times(value: Uint64 | undefined, factor: number): Uint64 {
  const product = Number(value ?? 0) * factor;
  return Number.isSafeInteger(product) ? product : BigInt(value ?? 0) * BigInt(factor);
}
