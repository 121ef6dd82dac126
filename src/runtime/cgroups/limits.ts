import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { canLimitSwap } from '../bundle/host-facts.ts';
import type { CgroupHost } from './host.ts';

/** What requests for limits are checked against. */
export interface CgroupLimits {
  cgroupVersion: 1 | 2;
  /** Swap can be limited. */
  swapLimit: boolean;
  /** The kernel can be told not to kill for lack of memory (version 1). */
  oomKillDisable: boolean;
  blkioWeight: boolean;
  blkioWeightDevice: boolean;
  /** Lists as cpuset(7) has them, `0-3`. */
  cpusetCpus: string;
  cpusetMems: string;
}

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
  return {
    cgroupVersion: host.version,
    swapLimit: canLimitSwap(host),
    oomKillDisable: v1 && has('memory', 'memory.oom_control'),
    blkioWeight: v1 ? has('blkio', 'blkio.weight', 'blkio.bfq.weight') : host.controllers.has('io'),
    blkioWeightDevice: v1 && has('blkio', 'blkio.weight_device', 'blkio.bfq.weight_device'),
    cpusetCpus: list('cpuset.cpus', `0-${availableParallelism() - 1}`),
    cpusetMems: list('cpuset.mems', '0'),
  };
}

function read(path: string | undefined): string {
  try {
    return path === undefined ? '' : readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
