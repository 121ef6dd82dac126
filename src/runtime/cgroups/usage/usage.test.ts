import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { readUsageV1 } from './read-v1.ts';
import { readUsageV2 } from './read-v2.ts';
import { parseFlatKeyed, parseUint64, type ReadFile, times } from './usage.ts';

/** Files in the form that kernel 6.18 writes them in. */
const V1: Record<string, string> = {
  'cpuacct/cpuacct.usage': '3429924632\n',
  'cpuacct/cpuacct.usage_percpu': '2166743590 1263181042 \n',
  'cpuacct/cpuacct.stat': 'user 329\nsystem 13\n',
  'cpu/cpu.stat': 'nr_periods 7\nnr_throttled 2\nthrottled_time 123456789\n',
  'memory/memory.usage_in_bytes': '2387968\n',
  'memory/memory.max_usage_in_bytes': '4055040\n',
  'memory/memory.failcnt': '0\n',
  'memory/memory.limit_in_bytes': '9223372036854771712\n',
  'memory/memory.stat':
    'cache 1982464\nrss 65536\nrss_huge 0\nshmem 0\nmapped_file 0\nswap 0\nhierarchical_memory_limit 9223372036854771712\nhierarchical_memsw_limit 9223372036854771712\ntotal_cache 1982464\ntotal_inactive_file 1982464\n',
  'pids/pids.current': '1\n',
  'pids/pids.max': 'max\n',
  'blkio/blkio.throttle.io_service_bytes_recursive':
    '254:0 Read 8192\n254:0 Write 20971520\n254:0 Sync 20979712\n254:0 Async 0\n254:0 Discard 0\n254:0 Total 20979712\nTotal 20979712\n',
  'blkio/blkio.throttle.io_serviced_recursive': '254:0 Read 2\n254:0 Write 20\n254:0 Total 22\nTotal 22\n',
};

/** Files in the form of the kernel's document. */
const V2: Record<string, string> = {
  'cpu.stat':
    'usage_usec 29912\nuser_usec 7918\nsystem_usec 21994\nnr_periods 5\nnr_throttled 1\nthrottled_usec 42\nnr_bursts 0\n',
  'memory.current': '7208960\n',
  'memory.max': 'max\n',
  'memory.events': 'low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\n',
  'memory.stat':
    'anon 1572864\nfile 7626752\nkernel 100\ninactive_file 2510848\nslab 1180928\nthp_fault_alloc 1\n',
  'pids.current': '5\n',
  'pids.max': 'max\n',
  'io.stat': '254:0 rbytes=7593984 wbytes=100 rios=3 wios=1 dbytes=0 dios=0\n7:0 \n',
};

const from =
  (files: Record<string, string>): ReadFile =>
  (controller, file) =>
    files[`${controller}/${file}`] ?? files[file];

describe('usage of a cgroup', () => {
  test('of version 1 is read in the fields that Docker gives', () => {
    const usage = readUsageV1(from(V1));
    expect(usage.cpu).toEqual({
      cpu_usage: {
        total_usage: 3429924632,
        percpu_usage: [2166743590, 1263181042],
        usage_in_kernelmode: 130000000,
        usage_in_usermode: 3290000000,
      },
      throttling_data: { periods: 7, throttled_periods: 2, throttled_time: 123456789 },
    });
    expect(usage.memory).toMatchObject({
      usage: 2387968,
      max_usage: 4055040,
      limit: 9223372036854771712n,
      stats: {
        cache: 1982464,
        total_inactive_file: 1982464,
        hierarchical_memory_limit: 9223372036854771712n,
      },
    });
    expect(usage.memory).not.toHaveProperty('failcnt');
    expect(Object.keys(usage.memory.stats ?? {})).toHaveLength(32);
    expect(usage.memory.stats).not.toHaveProperty('swap');
    expect(usage.pids).toEqual({ current: 1 });
    expect(usage.blkio.io_service_bytes_recursive?.map(({ op, value }) => [op, value])).toEqual([
      ...[['Read', 8192] as [string, number], ['Write', 20971520] as [string, number]],
      ...[['Sync', 20979712] as [string, number], ['Async', 0] as [string, number]],
      ...[['Discard', 0] as [string, number], ['Total', 20979712] as [string, number]],
    ]);
    expect(usage.blkio.io_serviced_recursive?.[0]).toEqual({ major: 254, minor: 0, op: 'Read', value: 2 });
    expect(usage.blkio.sectors_recursive).toEqual([]);
  });

  test('of version 2 is read in the fields that Docker gives', () => {
    const usage = readUsageV2(from(V2));
    expect(usage.cpu).toEqual({
      cpu_usage: { total_usage: 29912000, usage_in_kernelmode: 21994000, usage_in_usermode: 7918000 },
      throttling_data: { periods: 5, throttled_periods: 1, throttled_time: 42000 },
    });
    expect(usage.memory).toMatchObject({ usage: 7208960, failcnt: 3, limit: 18446744073709551615n });
    expect(usage.memory).not.toHaveProperty('max_usage');
    expect(usage.memory.stats).toMatchObject({ anon: 1572864, inactive_file: 2510848, pgscan: 0 });
    expect(usage.memory.stats).not.toHaveProperty('kernel');
    expect(usage.pids).toEqual({ current: 5, limit: 18446744073709551615n });
    expect(usage.blkio.io_service_bytes_recursive).toEqual([
      { major: 254, minor: 0, op: 'read', value: 7593984 },
      { major: 254, minor: 0, op: 'write', value: 100 },
    ]);
    expect(usage.blkio.io_serviced_recursive).toBeNull();
  });

  test('of a controller that is not there has no figures', () => {
    const nothing: ReadFile = () => undefined;
    expect(readUsageV1(nothing)).toMatchObject({
      memory: {},
      pids: {},
      blkio: { io_serviced_recursive: [] },
    });
    expect(readUsageV2(nothing)).toMatchObject({
      memory: {},
      pids: {},
      blkio: { io_service_bytes_recursive: null },
    });
  });

  test('numbers are exact up to 64 bits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        expect(BigInt(parseUint64(`${value}\n`))).toBe(value);
        expect(BigInt(times(parseUint64(`${value}`), 1000))).toBe(value * 1000n);
      }),
    );
    expect(parseUint64(undefined)).toBe(0);
  });

  test('lines that are none are passed over', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseFlatKeyed(text)));
    expect(parseFlatKeyed('a 1\n\nb\n 2\nc d\n')).toEqual(
      new Map([
        ['a', 1],
        ['c', 0],
      ]),
    );
  });
});
