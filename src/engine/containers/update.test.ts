import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { HostConfig } from '../../spec/docker/mod.ts';
import { noteIntent } from './life/intent-notes.ts';
import { restoreContainers } from './life/restore.ts';
import { limitChange, mergeUpdate, type UpdateRequest } from './request/merge-update.ts';
import { start } from './start.ts';
import { EngineBench } from './testing.ts';
import { update } from './update.ts';

const MEGA = 1024 * 1024;
const NOTHING = {
  ...{ CpuShares: 0, Memory: 0, NanoCpus: 0, BlkioWeight: 0, CpuPeriod: 0, CpuQuota: 0, CpusetCpus: '' },
  ...{ CpusetMems: '', MemoryReservation: 0, MemorySwap: 0, MemorySwappiness: null, OomKillDisable: null },
  ...{
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    PidsLimit: null,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  },
  RestartPolicy: { Name: '', MaximumRetryCount: 0 },
} as unknown as UpdateRequest;
const asked = (change: Partial<UpdateRequest>): UpdateRequest => ({ ...NOTHING, ...change });
const current = (change: Partial<HostConfig> = {}) =>
  ({ ...NOTHING, AutoRemove: false, ...change }) as HostConfig;

describe('mergeUpdate', () => {
  test('replaces what is named and keeps the rest', () => {
    const merged = mergeUpdate(
      current({ CpuShares: 5, CpusetCpus: '0' }),
      asked({ CpuShares: 7, PidsLimit: 0, RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } }),
    );
    expect(merged).toMatchObject({
      CpuShares: 7,
      CpusetCpus: '0',
      PidsLimit: 0,
      RestartPolicy: { Name: 'always' },
    });
  });

  test.each([
    [{ CpuPeriod: 1000 }, { NanoCpus: 1 }, 'Nano CPUs cannot be updated as CPU Period has already been set'],
    [{ CpuQuota: 1000 }, { NanoCpus: 1 }, 'Nano CPUs cannot be updated as CPU Quota has already been set'],
    [{ NanoCpus: 1 }, { CpuPeriod: 1000 }, 'CPU Period cannot be updated as NanoCPUs has already been set'],
    [{ Memory: 8 * MEGA, MemorySwap: 8 * MEGA }, { Memory: 9 * MEGA }, 'Memory limit should be smaller than'],
  ])('refuses %p and then %p', (before, change, sentence) => {
    expect(() => mergeUpdate(current(before), asked(change))).toThrow(sentence);
  });
});

test('limitChange has memory and swap together, and nothing that was not asked for', () => {
  const merged = current({ Memory: 8 * MEGA, MemorySwap: -1, CpuShares: 9, MemoryReservation: 7 * MEGA });
  const host = { swapLimit: true };
  expect(limitChange(merged, asked({ MemorySwap: -1 }), host)).toEqual({
    memory: { limit: 8 * MEGA, swap: -1 },
  });
  expect(limitChange(merged, asked({ PidsLimit: 0 }), host)).toEqual({ pids: { limit: -1 } });
  expect(limitChange(merged, asked({ NanoCpus: 1.5e9 }), host)).toEqual({
    cpu: { quota: 150_000, period: 100_000 },
  });
  expect(limitChange(merged, asked({}), host)).toEqual({});
});

describe('update', () => {
  let bench: EngineBench;
  beforeEach(() => {
    bench = new EngineBench();
  });
  afterEach(() => bench[Symbol.dispose]());

  const running = async () => {
    const container = bench.add((record) => {
      record.hostConfig = { ...current(), ...record.hostConfig };
    });
    await start(bench.context, container);
    return container;
  };

  test('that the kernel refuses leaves the record as it was', async () => {
    const container = await running();
    bench.steps['runtime.changeLimits'] = () => Promise.reject(new Error('device or resource busy'));
    await expect(update(bench.context, container, asked({ CpuShares: 7 }))).rejects.toThrow(
      `Cannot update container ${container.id}: device or resource busy`,
    );
    bench.forget();
    expect(bench.records.load()[0]?.hostConfig.CpuShares).toBe(0);
  });

  test('that a crash cut off is brought to its end by the next daemon, once', async () => {
    const container = await running();
    bench.steps['runtime.changeLimits'] = () => new Promise(() => {});
    void update(bench.context, container, asked({ CpuShares: 7 }));
    while (!bench.done.includes('runtime.changeLimits')) await Bun.sleep(1);
    delete bench.steps['runtime.changeLimits'];
    const { id } = container;
    bench.held = [{ id, startNumber: 1, pid: 4711, started: true, tty: false }];
    for (const _daemon of [1, 2]) {
      bench.forget();
      await restoreContainers(bench.context);
      expect(bench.limits).toEqual([{ cpu: { shares: 7 } }]);
    }
  });

  test('of a container that is gone by then needs nothing', async () => {
    noteIntent(bench.context, 'updating', 'nobody');
    await restoreContainers(bench.context);
    expect(bench.limits).toEqual([]);
  });
});
