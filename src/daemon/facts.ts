import { existsSync, readFileSync, statfsSync } from 'node:fs';
import type { Config } from './config/config.ts';

/** What `docker info` says of how containers are kept apart. */
export function securityOptionsOf(config: Config): string[] {
  const { seccompProfile: profile } = config;
  const shown = ['builtin', 'unconfined'].includes(profile) ? profile : 'custom';
  return [
    ...(existsSync('/sys/kernel/security/apparmor') ? ['name=apparmor'] : []),
    `name=seccomp,profile=${shown}`,
    ...(existsSync('/proc/self/ns/cgroup') ? ['name=cgroupns'] : []),
    ...(config.idMap ? ['name=userns'] : []),
    ...(config.noNewPrivileges ? ['name=no-new-privileges'] : []),
  ];
}

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
