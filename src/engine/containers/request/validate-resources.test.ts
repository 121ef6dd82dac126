import { describe, expect, test } from 'bun:test';
import type { HostConfig } from '../../../spec/docker/mod.ts';
import type { HostLimits } from '../context.ts';
import { validateResources } from './validate-resources.ts';

const host: HostLimits = {
  cpus: 2,
  cgroupVersion: 1,
  cgroupDriver: 'cgroupfs',
  ...{ memory: true, memoryReservation: true, swappiness: true, swapLimit: true, oomKillDisable: true },
  ...{ pids: true, cpuShares: true, cpuCfs: true, cpuRealtime: true, cpuset: true, cgroupNamespaces: true },
  blkioThrottle: { read_bps: true, write_bps: true, read_iops: true, write_iops: true },
  blkioWeight: false,
  blkioWeightDevice: false,
  cpusetCpus: '0-1',
  cpusetMems: '0',
};
const none = {
  ...{ Memory: 0, MemorySwap: 0, MemoryReservation: 0, MemorySwappiness: null, OomKillDisable: null },
  ...{ NanoCpus: 0, CpuPeriod: 0, CpuQuota: 0, CpuShares: 0, CpusetCpus: '', CpusetMems: '' },
  ...{ BlkioWeight: 0, BlkioWeightDevice: null, IOMaximumBandwidth: 0, IOMaximumIOps: 0 },
  ...{ CpuRealtimePeriod: 0, CpuRealtimeRuntime: 0, CpuPercent: 0, PidsLimit: null },
};
const asked = (part: Partial<HostConfig>) => ({ ...none, ...part }) as HostConfig;

describe('validateResources', () => {
  const WRONG: [Partial<HostConfig>, string][] = [
    [{ Memory: -5 }, 'Minimum memory limit allowed is 6MB'],
    [
      { Memory: 2e7, MemorySwap: 1e7 },
      'Minimum memoryswap limit should be larger than memory limit, see usage',
    ],
    [{ MemorySwap: 1e7 }, 'You should always set the Memory limit when using Memoryswap limit, see usage'],
    [{ MemorySwappiness: 101 }, 'Invalid value: 101, valid memory swappiness range is 0-100'],
    [{ NanoCpus: 3e9 }, 'range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
    [{ NanoCpus: 1e9, CpuQuota: 1e4 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
    [{ CpusetCpus: 'abc' }, 'Invalid value abc for cpuset cpus: invalid format: abc'],
    [{ CpusetCpus: '99' }, 'Requested CPUs are not available - requested 99, available: 0-1'],
    [
      { CpuRealtimePeriod: 1000, CpuRealtimeRuntime: 2000 },
      'cpu real-time runtime cannot be higher than cpu real-time period',
    ],
    [{ IOMaximumIOps: 1 }, 'invalid option: QoS maximum IOPs configuration is not supported on linux'],
    [{ CpusetMems: '9' }, 'Requested memory nodes are not available - requested 9, available: 0'],
  ];
  for (const [part, sentence] of WRONG) {
    test(`says "${sentence}" when ${JSON.stringify(part)} is asked for`, () => {
      expect(() => validateResources(asked(part), host)).toThrow(sentence);
    });
  }

  test('takes out what the host cannot do, with a warning', () => {
    const hostConfig = asked({ BlkioWeight: 500, BlkioWeightDevice: [{ Path: '/dev/x', Weight: 5 }] });
    expect(validateResources(hostConfig, host)).toEqual([
      'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.',
      'Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.',
    ]);
    expect(hostConfig).toMatchObject({ BlkioWeight: 0, BlkioWeightDevice: [] });
  });

  test('discards with Docker’s warning what the cgroups here lack', () => {
    const nothing = Object.fromEntries(
      Object.entries(host).map(([key, value]) => [key, value === true ? false : value]),
    ) as unknown as HostLimits;
    const throttles = { read_bps: false, write_bps: false, read_iops: false, write_iops: false };
    const one = [{ Path: '/dev/x', Rate: 1 }];
    const hostConfig = asked({
      ...{ Memory: 2e7, MemoryReservation: 1e7, MemorySwappiness: 5, OomKillDisable: true, PidsLimit: 5 },
      ...{ CpuShares: 5, CpuPeriod: 5, CpuQuota: 5, CpusetCpus: '0', CpuPercent: 5, BlkioDeviceReadBps: one },
      ...{ BlkioDeviceWriteBps: one, BlkioDeviceReadIOps: one, BlkioDeviceWriteIOps: one },
    });
    const warnings = validateResources(hostConfig, { ...nothing, cpus: 2, blkioThrottle: throttles });
    expect(warnings).toMatchSnapshot();
    expect(hostConfig).toMatchObject({
      ...{ Memory: 0, MemoryReservation: 0, MemorySwappiness: null, OomKillDisable: null, PidsLimit: null },
      ...{ CpuShares: 0, CpuPeriod: 0, CpuQuota: 0, CpusetCpus: '', CpuPercent: 0, BlkioDeviceReadBps: [] },
    });
  });

  test('an OOM killer that is off is null where that cannot be', () => {
    const v1 = asked({});
    validateResources(v1, host);
    expect(v1.OomKillDisable).toBe(false);
    const v2 = asked({ OomKillDisable: true });
    const warnings = validateResources(v2, { ...host, cgroupVersion: 2, oomKillDisable: false });
    expect(warnings).toEqual(['Your kernel does not support OomKillDisable. OomKillDisable discarded.']);
    expect(v2.OomKillDisable).toBeNull();
  });
});
