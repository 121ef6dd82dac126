import type { ContainerStats, CpuStats, Uint64 } from '../../spec/docker/mod.ts';
import type { ListFormat, Row } from './format-list.ts';
import { binarySize, humanSize } from './units.ts';

const DIGITS = 3;

/** How `stats` lists containers. */
export const STATS_FORMAT: ListFormat = {
  headers: {
    Container: 'CONTAINER',
    ID: 'CONTAINER ID',
    Name: 'NAME',
    CPUPerc: 'CPU %',
    MemUsage: 'MEM USAGE / LIMIT',
    MemPerc: 'MEM %',
    NetIO: 'NET I/O',
    BlockIO: 'BLOCK I/O',
    PIDs: 'PIDS',
  },
  table: '{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}',
  goType: '*container.statsContext',
  complaint: 'template parsing error',
};

/**
 * One container's fields. `asked` is how it was asked for; with `isStale` its figures are not known now.
 * Compat: docker/cli `statsContext`; CPU is of one core, so that four busy ones are 400 %.
 */
export function statsRow(
  asked: string,
  sample: ContainerStats | undefined,
  options: { trunc: boolean; isStale: boolean },
): Row {
  const id = sample?.id ?? '';
  const name = sample?.name ?? '';
  return {
    Container: asked,
    ID: options.trunc ? id.slice(0, 12) : id,
    Name: name.length > 1 ? name.slice(1) : '--',
    ...(sample && !options.isStale ? figures(sample) : NO_FIGURES),
  };
}

const NO_FIGURES = {
  CPUPerc: '--',
  MemUsage: '-- / --',
  MemPerc: '--',
  NetIO: '--',
  BlockIO: '--',
  PIDs: '--',
};

function figures(sample: ContainerStats): Row {
  const used = usedMemory(sample);
  const limit = Number(sample.memory_stats.limit ?? 0);
  const networks = Object.values(sample.networks ?? {});
  const blocks = sample.blkio_stats.io_service_bytes_recursive ?? [];
  const moved = (letter: string) =>
    sum(
      blocks.filter(({ op }) => op[0]?.toLowerCase() === letter),
      'value',
    );
  return {
    CPUPerc: percent(cpuPercent(sample.precpu_stats, sample.cpu_stats)),
    MemUsage: `${binarySize(used)} / ${binarySize(limit)}`,
    MemPerc: percent(limit === 0 ? 0 : (used / limit) * 100),
    NetIO: `${humanSize(sum(networks, 'rx_bytes'), DIGITS)} / ${humanSize(sum(networks, 'tx_bytes'), DIGITS)}`,
    BlockIO: `${humanSize(moved('r'), DIGITS)} / ${humanSize(moved('w'), DIGITS)}`,
    PIDs: String(sample.pids_stats.current ?? 0),
  };
}

function cpuPercent(before: CpuStats, now: CpuStats): number {
  const used = Number(now.cpu_usage.total_usage) - Number(before.cpu_usage.total_usage);
  const passed = Number(now.system_cpu_usage ?? 0) - Number(before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || (now.cpu_usage.percpu_usage?.length ?? 0);
  return used > 0 && passed > 0 ? (used / passed) * cpus * 100 : 0;
}

/** Compat: without the files that nobody has used lately: `total_inactive_file` on cgroup v1, else `inactive_file`. */
function usedMemory({ memory_stats: { usage = 0, stats = {} } }: ContainerStats): number {
  const all = Number(usage);
  const v1 = stats['total_inactive_file'];
  if (v1 !== undefined && Number(v1) < all) return all - Number(v1);
  const v2 = Number(stats['inactive_file'] ?? 0);
  return v2 < all ? all - v2 : all;
}

function sum<K extends string>(entries: readonly Record<K, Uint64>[], key: K): number {
  return entries.reduce((total, entry) => total + Number(entry[key]), 0);
}

function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}
