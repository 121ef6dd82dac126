import type { BlkioEntry, BlkioStats } from '../../../spec/docker/mod.ts';
import {
  type CgroupUsage,
  parseFlatKeyed,
  parseUint64,
  type ReadFile,
  times,
  withoutZeros,
} from './usage.ts';

/** Compat: the lines of memory.stat that Docker passes on, with `total_` before each but the limits. */
const MEMORY = [
  ...['cache', 'rss', 'rss_huge', 'mapped_file', 'dirty', 'writeback', 'pgpgin', 'pgpgout', 'pgfault'],
  ...['pgmajfault', 'inactive_anon', 'active_anon', 'inactive_file', 'active_file', 'unevictable'],
];
/** Nanoseconds of a clock tick; user space sees 100 a second on every architecture. */
const TICK = 10_000_000;

/** Spec: the kernel's cgroup-v1 documents: cpuacct, memory, pids, blkio-controller. */
export function readUsageV1(read: ReadFile): CgroupUsage {
  return { cpu: cpu(read), memory: memory(read), pids: pids(read), blkio: blkio(read) };
}

function cpu(read: ReadFile): CgroupUsage['cpu'] {
  const ticks = parseFlatKeyed(read('cpuacct', 'cpuacct.stat'));
  const throttling = parseFlatKeyed(read('cpu', 'cpu.stat'));
  const perCpu = (read('cpuacct', 'cpuacct.usage_percpu') ?? '').trim().split(' ').filter(Boolean);
  return {
    cpu_usage: {
      total_usage: parseUint64(read('cpuacct', 'cpuacct.usage')),
      ...(perCpu.length > 0 && { percpu_usage: perCpu.map(parseUint64) }),
      usage_in_kernelmode: times(ticks.get('system'), TICK),
      usage_in_usermode: times(ticks.get('user'), TICK),
    },
    throttling_data: {
      periods: throttling.get('nr_periods') ?? 0,
      throttled_periods: throttling.get('nr_throttled') ?? 0,
      throttled_time: throttling.get('throttled_time') ?? 0,
    },
  };
}

function memory(read: ReadFile): CgroupUsage['memory'] {
  const text = read('memory', 'memory.stat');
  if (text === undefined) return {};
  const all = parseFlatKeyed(text);
  const names = [...MEMORY, ...MEMORY.map((name) => `total_${name}`)];
  const stats = Object.fromEntries(names.map((name) => [name, all.get(name) ?? 0]));
  const file = (name: string) => parseUint64(read('memory', `memory.${name}`));
  return {
    ...withoutZeros({ usage: file('usage_in_bytes'), max_usage: file('max_usage_in_bytes') }),
    stats: {
      ...stats,
      hierarchical_memory_limit: all.get('hierarchical_memory_limit') ?? 0,
      hierarchical_memsw_limit: all.get('hierarchical_memsw_limit') ?? 0,
    },
    ...withoutZeros({ failcnt: file('failcnt'), limit: file('limit_in_bytes') }),
  };
}

function pids(read: ReadFile): CgroupUsage['pids'] {
  const limit = read('pids', 'pids.max') ?? '';
  return withoutZeros({
    current: parseUint64(read('pids', 'pids.current')),
    // Compat: no limit is 0 here, and 2^64-1 on version 2.
    limit: limit.startsWith('max') ? 0 : parseUint64(limit),
  });
}

/** Compat: as containerd where the kernel has no CFQ, which none from 5.0 on has; so the other lists are empty. */
function blkio(read: ReadFile): BlkioStats {
  return {
    io_service_bytes_recursive: parseBlkio(read('blkio', 'blkio.throttle.io_service_bytes_recursive')),
    io_serviced_recursive: parseBlkio(read('blkio', 'blkio.throttle.io_serviced_recursive')),
    io_queue_recursive: [],
    io_service_time_recursive: [],
    io_wait_time_recursive: [],
    io_merged_recursive: [],
    io_time_recursive: [],
    sectors_recursive: [],
  };
}

/** `8:0 Read 4096` a line; the last one, a total of all, names no device. */
function parseBlkio(text: string | undefined): BlkioEntry[] {
  return (text ?? '').split('\n').flatMap((line): BlkioEntry[] => {
    const match = /^(\d+):(\d+) ([A-Za-z]+) (\d+)$/.exec(line);
    if (!match) return [];
    const [, major, minor, op = '', value] = match;
    return [{ major: Number(major), minor: Number(minor), op, value: parseUint64(value) }];
  });
}
