import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { canLimitSwap } from '../bundle/host-facts.ts';
import type { CgroupDriver, CgroupHost } from './host.ts';

/** What requests for limits are checked against. */
export interface CgroupLimits {
  cgroupVersion: 1 | 2;
  cgroupDriver: CgroupDriver;
  memory: boolean;
  memoryReservation: boolean;
  swappiness: boolean;
  /** Swap can be limited. */
  swapLimit: boolean;
  /** The kernel can be told not to kill for lack of memory (version 1). */
  oomKillDisable: boolean;
  pids: boolean;
  cpuShares: boolean;
  /** Quota and period. */
  cpuCfs: boolean;
  /** Version 1, with real-time group scheduling. */
  cpuRealtime: boolean;
  cpuset: boolean;
  blkioWeight: boolean;
  blkioWeightDevice: boolean;
  blkioThrottle: Readonly<Record<Throttle, boolean>>;
  /** Lists as cpuset(7) has them, `0-3`. */
  cpusetCpus: string;
  cpusetMems: string;
  cgroupNamespaces: boolean;
}

/** As in the names of version 1's files. */
export type Throttle = 'read_bps' | 'write_bps' | 'read_iops' | 'write_iops';

/** Compat: moby pkg/sysinfo. */
export function cgroupLimits(host: CgroupHost): CgroupLimits {
  const v1 = host.version === 1;
  const path = (controller: string, file: string) => {
    const directory = host.hierarchies.get(v1 ? controller : '');
    return directory === undefined ? undefined : join(directory, file);
  };
  const has = (controller: string, ...files: string[]) =>
    files.some((file) => existsSync(path(controller, file) ?? '/nonexistent'));
  const list = (file: string, otherwise: string) =>
    read(path('cpuset', v1 ? file : `${file}.effective`)) || otherwise;
  const controls = (name: string) => host.controllers.has(name);
  const throttle = (name: Throttle) => (v1 ? has('blkio', `blkio.throttle.${name}_device`) : controls('io'));
  return {
    cgroupVersion: host.version,
    cgroupDriver: host.driver,
    memory: controls('memory'),
    memoryReservation: v1 ? has('memory', 'memory.soft_limit_in_bytes') : controls('memory'),
    swappiness: v1 && has('memory', 'memory.swappiness'),
    swapLimit: canLimitSwap(host),
    oomKillDisable: v1 && has('memory', 'memory.oom_control'),
    pids: controls('pids'),
    cpuShares: controls('cpu'),
    cpuCfs: v1 ? has('cpu', 'cpu.cfs_quota_us') : controls('cpu'),
    cpuRealtime: v1 && has('cpu', 'cpu.rt_period_us'),
    cpuset: controls('cpuset'),
    blkioWeight: v1 ? has('blkio', 'blkio.weight', 'blkio.bfq.weight') : controls('io'),
    blkioWeightDevice: v1 && has('blkio', 'blkio.weight_device', 'blkio.bfq.weight_device'),
    blkioThrottle: {
      read_bps: throttle('read_bps'),
      write_bps: throttle('write_bps'),
      read_iops: throttle('read_iops'),
      write_iops: throttle('write_iops'),
    },
    cpusetCpus: list('cpuset.cpus', `0-${availableParallelism() - 1}`),
    cpusetMems: list('cpuset.mems', '0'),
    cgroupNamespaces: existsSync('/proc/self/ns/cgroup'),
  };
}

function read(path: string | undefined): string {
  try {
    return path === undefined ? '' : readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
