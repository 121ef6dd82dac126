import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupFacts } from '../engine/system/mod.ts';
import { type CgroupHost, canLimitSwap } from '../runtime/mod.ts';

/** Names as Docker prints them. Spec: linux/magic.h. */
const FILESYSTEMS: Record<number, string> = {
  61267: 'extfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  2035054128: 'overlayfs',
  801189825: 'zfs',
  4076150800: 'f2fs',
};

/** Rows of `docker info` under the storage driver. */
export function storageStatus(dataRoot: string): [string, string][] {
  return [
    ['Backing Filesystem', FILESYSTEMS[statfsSync(dataRoot).type] ?? '<unknown>'],
    ['Supports d_type', 'true'],
    ['Using metacopy', String(readParameter('metacopy') === 'Y')],
    ['Native Overlay Diff', String(readParameter('redirect_dir') !== 'Y')],
    ['userxattr', 'false'],
  ];
}

function readParameter(name: string): string | undefined {
  try {
    return readFileSync(`/sys/module/overlay/parameters/${name}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** What the host's cgroups can limit. */
export function cgroupFacts(host: CgroupHost): CgroupFacts {
  const { version, driver, controllers } = host;
  const v1 = (controller: string, file: string) => {
    const directory = host.hierarchies.get(controller);
    return directory !== undefined && existsSync(join(directory, file));
  };
  return {
    version,
    driver,
    memory: controllers.has('memory'),
    swap: canLimitSwap(host),
    cpuQuota: version === 2 ? controllers.has('cpu') : v1('cpu', 'cpu.cfs_quota_us'),
    cpuShares: version === 2 ? controllers.has('cpu') : v1('cpu', 'cpu.shares'),
    cpuset: controllers.has('cpuset'),
    pids: controllers.has('pids'),
    oomKillDisable: version === 1 && v1('memory', 'memory.oom_control'),
  };
}
