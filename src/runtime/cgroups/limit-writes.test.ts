import { expect, test } from 'bun:test';
import { type LimitChange, limitWrites } from './limit-writes.ts';

const lines = (change: LimitChange, version: 1 | 2) =>
  limitWrites(change, version).map(
    ({ controller, files, value }) => `${controller}/${files.join('|')} ${value}`,
  );

const ALL: LimitChange = {
  memory: { limit: 64, swap: 96, reservation: 32 },
  cpu: { shares: 1024, quota: 50_000, period: 200_000, cpus: '0-1', mems: '0' },
  pids: { limit: 7 },
  blockIO: { weight: 500 },
};

test('version 1 has a file for each limit, in its hierarchy', () => {
  expect(lines(ALL, 1)).toEqual([
    ...['memory/memory.limit_in_bytes 64', 'memory/memory.memsw.limit_in_bytes 96'],
    ...['memory/memory.soft_limit_in_bytes 32', 'cpu/cpu.shares 1024', 'cpu/cpu.cfs_period_us 200000'],
    ...['cpu/cpu.cfs_quota_us 50000', 'cpuset/cpuset.cpus 0-1', 'cpuset/cpuset.mems 0', 'pids/pids.max 7'],
    'blkio/blkio.weight|blkio.bfq.weight 500',
  ]);
});

test('version 2 counts swap alone, and weighs otherwise', () => {
  expect(lines(ALL, 2)).toEqual([
    ...['/memory.max 64', '/memory.swap.max 32', '/memory.low 32', '/cpu.weight 39', '/cpu.max 50000 200000'],
    ...['/cpuset.cpus 0-1', '/cpuset.mems 0', '/pids.max 7', '/io.bfq.weight 500', '/io.weight 4950'],
  ]);
});

test('no limit is a word in version 2, and -1 in version 1, but for processes', () => {
  const none: LimitChange = { memory: { limit: 64, swap: -1 }, cpu: { quota: -1 }, pids: { limit: -1 } };
  expect(lines(none, 2)).toEqual([
    '/memory.max 64',
    '/memory.swap.max max',
    '/cpu.max max 100000',
    '/pids.max max',
  ]);
  expect(lines(none, 1).slice(1)).toEqual([
    ...['memory/memory.memsw.limit_in_bytes -1', 'cpu/cpu.cfs_quota_us -1', 'pids/pids.max max'],
  ]);
  expect(lines({ memory: { limit: 64, swap: 64 } }, 2)).toEqual(['/memory.max 64', '/memory.swap.max 0']);
});

test('a change of nothing writes nothing', () => {
  expect([...lines({}, 1), ...lines({}, 2)]).toEqual([]);
});
