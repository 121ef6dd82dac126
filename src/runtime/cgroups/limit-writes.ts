import type { RuntimeCpu, RuntimeMemory } from '../../spec/oci/runtime.ts';

/** Limits of a container that runs, to be changed; what is left out stays. -1 = no limit. */
export interface LimitChange {
  /** `limit` and `swap` (memory plus swap) both, where either changes: version 2 counts swap alone. */
  memory?: Pick<RuntimeMemory, 'limit' | 'swap' | 'reservation'>;
  cpu?: RuntimeCpu;
  pids?: { limit: number };
  blockIO?: { weight: number };
}

/** One file of the cgroup that is to be written. */
export interface LimitWrite {
  /** Version 1: the hierarchy that it lies in. */
  controller: string;
  /** The first of these that there is. */
  files: string[];
  value: string;
}

/** Spec: cgroup-v2 cpu.max. */
const DEFAULT_PERIOD = 100_000;

/** What is to be written for a change, in an order that the kernel mostly takes. */
export function limitWrites(change: LimitChange, version: 1 | 2): LimitWrite[] {
  return version === 1 ? [...memoryV1(change), ...cpuV1(change), ...restV1(change)] : allOfV2(change);
}

function memoryV1({ memory = {} }: LimitChange): LimitWrite[] {
  return writes('memory', {
    'memory.limit_in_bytes': memory.limit,
    'memory.memsw.limit_in_bytes': memory.swap,
    'memory.soft_limit_in_bytes': memory.reservation,
  });
}

function cpuV1({ cpu = {} }: LimitChange): LimitWrite[] {
  return [
    ...writes('cpu', {
      'cpu.shares': cpu.shares,
      'cpu.cfs_period_us': cpu.period,
      'cpu.cfs_quota_us': cpu.quota,
      'cpu.rt_period_us': cpu.realtimePeriod,
      'cpu.rt_runtime_us': cpu.realtimeRuntime,
    }),
    ...writes('cpuset', { 'cpuset.cpus': cpu.cpus, 'cpuset.mems': cpu.mems }),
  ];
}

function restV1({ pids, blockIO }: LimitChange): LimitWrite[] {
  const weight = blockIO?.weight;
  const io =
    weight === undefined ? [] : [{ files: ['blkio.weight', 'blkio.bfq.weight'], value: `${weight}` }];
  return [
    ...writes('pids', { 'pids.max': orMax(pids?.limit) }),
    ...io.map((write) => ({ controller: 'blkio', ...write })),
  ];
}

function allOfV2({ memory = {}, cpu = {}, pids, blockIO }: LimitChange): LimitWrite[] {
  const { limit, swap, reservation } = memory;
  const swapAlone = swap !== undefined && swap > 0 && limit !== undefined ? swap - limit : swap;
  const quota = cpu.quota !== undefined || cpu.period !== undefined;
  const plain = writes('', {
    'memory.max': orMax(limit),
    'memory.swap.max': orMax(swapAlone, 0),
    'memory.low': reservation,
    'cpu.weight': cpu.shares === undefined ? undefined : weightOfShares(cpu.shares),
    'cpu.max': quota ? `${orMax(cpu.quota) ?? 'max'} ${cpu.period ?? DEFAULT_PERIOD}` : undefined,
    'cpuset.cpus': cpu.cpus,
    'cpuset.mems': cpu.mems,
    'pids.max': orMax(pids?.limit),
  });
  const weight = blockIO?.weight;
  if (weight === undefined) return plain;
  const bfq = { controller: '', files: ['io.bfq.weight'], value: `${weight}` };
  const io = { controller: '', files: ['io.weight'], value: `${weightOfBlkio(weight)}` };
  return [...plain, bfq, io];
}

function writes(controller: string, values: Record<string, number | string | undefined>): LimitWrite[] {
  return Object.entries(values).flatMap(([file, value]) =>
    value === undefined ? [] : [{ controller, files: [file], value: String(value) }],
  );
}

/** Version 2, and `pids.max` of both, have a word for no limit. */
function orMax(value: number | undefined, least = 1): number | string | undefined {
  return value === undefined || value >= least ? value : 'max';
}

/** Compat: as crun and runc map [2, 262144] to [1, 10000]. */
export function weightOfShares(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262_142);
}

/** Compat: as crun and runc map [10, 1000] to [1, 10000]. */
function weightOfBlkio(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}
