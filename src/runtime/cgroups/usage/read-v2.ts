import type { BlkioEntry, BlkioStats } from '../../../spec/docker/mod.ts';
import {
  type CgroupUsage,
  parseFlatKeyed,
  parseUint64,
  type ReadFile,
  times,
  withoutZeros,
} from './usage.ts';

/** Compat: the lines of memory.stat that Docker passes on. */
const MEMORY = [
  ...['anon', 'file', 'kernel_stack', 'slab', 'sock', 'shmem', 'file_mapped', 'file_dirty', 'file_writeback'],
  ...['anon_thp', 'inactive_anon', 'active_anon', 'inactive_file', 'active_file', 'unevictable'],
  ...['slab_reclaimable', 'slab_unreclaimable', 'pgfault', 'pgmajfault', 'workingset_refault'],
  ...['workingset_activate', 'workingset_nodereclaim', 'pgrefill', 'pgscan', 'pgsteal', 'pgactivate'],
  ...['pgdeactivate', 'pglazyfree', 'pglazyfreed', 'thp_fault_alloc', 'thp_collapse_alloc'],
];
/** Nanoseconds in the microsecond that cpu.stat counts. */
const MICROSECOND = 1000;

/** Spec: the kernel's cgroup-v2 document, cpu, memory, io, pids. */
export function readUsageV2(read: ReadFile): CgroupUsage {
  return {
    cpu: cpu(read),
    memory: memory(read),
    pids: withoutZeros({
      current: parseUint64(read('pids', 'pids.current')),
      limit: parseUint64(read('pids', 'pids.max')),
    }),
    blkio: blkio(read),
  };
}

function cpu(read: ReadFile): CgroupUsage['cpu'] {
  const stat = parseFlatKeyed(read('cpu', 'cpu.stat'));
  const nanoseconds = (name: string) => times(stat.get(name), MICROSECOND);
  return {
    cpu_usage: {
      total_usage: nanoseconds('usage_usec'),
      usage_in_kernelmode: nanoseconds('system_usec'),
      usage_in_usermode: nanoseconds('user_usec'),
    },
    throttling_data: {
      periods: stat.get('nr_periods') ?? 0,
      throttled_periods: stat.get('nr_throttled') ?? 0,
      throttled_time: nanoseconds('throttled_usec'),
    },
  };
}

function memory(read: ReadFile): CgroupUsage['memory'] {
  const text = read('memory', 'memory.stat');
  if (text === undefined) return {};
  const all = parseFlatKeyed(text);
  return {
    ...withoutZeros({ usage: parseUint64(read('memory', 'memory.current')) }),
    stats: Object.fromEntries(MEMORY.map((name) => [name, all.get(name) ?? 0])),
    ...withoutZeros({
      // Compat: how often memory ran out.
      failcnt: parseFlatKeyed(read('memory', 'memory.events')).get('oom') ?? 0,
      limit: parseUint64(read('memory', 'memory.max')),
    }),
  };
}

function blkio(read: ReadFile): BlkioStats {
  const text = read('io', 'io.stat');
  return {
    io_service_bytes_recursive: text ? parseIoStat(text) : null,
    io_serviced_recursive: null,
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  };
}

/** `8:0 rbytes=1 wbytes=2 rios=3 …` a line; of a device without figures the kernel says the number alone. */
function parseIoStat(text: string): BlkioEntry[] {
  return text.split('\n').flatMap((line): BlkioEntry[] => {
    const [, major, minor, rest] = /^(\d+):(\d+) (\S.*)$/.exec(line) ?? [];
    if (rest === undefined) return [];
    const figures = parseFlatKeyed(rest.replaceAll(' ', '\n').replaceAll('=', ' '));
    const device = { major: Number(major), minor: Number(minor) };
    return [
      { ...device, op: 'read', value: figures.get('rbytes') ?? 0 },
      { ...device, op: 'write', value: figures.get('wbytes') ?? 0 },
    ];
  });
}
