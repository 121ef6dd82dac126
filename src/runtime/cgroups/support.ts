import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupHost } from './host.ts';

/** What limits work here, under the names that `GET /info` has, and the warnings that the CLI prints. */
export interface CgroupSupport {
  MemoryLimit: boolean;
  SwapLimit: boolean;
  CpuCfsPeriod: boolean;
  CpuCfsQuota: boolean;
  CPUShares: boolean;
  CPUSet: boolean;
  PidsLimit: boolean;
  OomKillDisable: boolean;
  warnings: string[];
}

/** Compat: moby pkg/sysinfo and daemon/info_unix.go. */
export function cgroupSupport(host: CgroupHost): CgroupSupport {
  const v1 = host.version === 1;
  const has = (controller: string) => host.controllers.has(controller);
  const file = (hierarchy: string, name: string) => {
    const mount =
      host.hierarchies.get(hierarchy) ??
      [...host.hierarchies].find(([key]) => key.split(',').includes(hierarchy))?.[1];
    return mount !== undefined && existsSync(join(mount, name));
  };
  const cfs = v1 ? file('cpu', 'cpu.cfs_quota_us') : has('cpu');
  const support = {
    MemoryLimit: has('memory'),
    SwapLimit: v1 ? file('memory', 'memory.memsw.limit_in_bytes') : has('memory'),
    CpuCfsPeriod: cfs,
    CpuCfsQuota: cfs,
    CPUShares: has('cpu'),
    CPUSet: has('cpuset'),
    PidsLimit: has('pids'),
    OomKillDisable: v1 && file('memory', 'memory.oom_control'),
  };
  const io = v1 ? has('blkio') : has('io');
  const lacks: [boolean, string][] = [
    [support.MemoryLimit, 'memory limit'],
    [support.SwapLimit, 'swap limit'],
    [support.OomKillDisable || !v1, 'oom kill disable'],
    [support.CpuCfsQuota, 'cpu cfs quota'],
    [support.CpuCfsPeriod, 'cpu cfs period'],
    [support.CPUShares, 'cpu shares'],
    [support.CPUSet, 'cpuset'],
    [!v1 || file('blkio', 'blkio.weight') || file('blkio', 'blkio.bfq.weight'), 'blkio weight'],
    [
      !v1 || file('blkio', 'blkio.weight_device') || file('blkio', 'blkio.bfq.weight_device'),
      'blkio weight_device',
    ],
    ...['read_bps', 'write_bps', 'read_iops', 'write_iops'].map((name): [boolean, string] => {
      if (!v1) return [io, `io.max (${name.replace('read_', 'r').replace('write_', 'w')})`];
      return [file('blkio', `blkio.throttle.${name}_device`), `blkio throttle.${name}_device`];
    }),
  ];
  const warnings = lacks.filter(([there]) => !there).map(([, what]) => `WARNING: No ${what} support`);
  return { ...support, warnings };
}
