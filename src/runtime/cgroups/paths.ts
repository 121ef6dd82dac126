import { join } from 'node:path';
import type { CgroupHost } from './host.ts';

/**
 * Directories of a container's cgroup, one for each hierarchy, from `linux.cgroupsPath` of its bundle:
 * an absolute path for cgroupfs, `slice:prefix:name` for systemd.
 */
export function cgroupDirectories(cgroupsPath: string, host: CgroupHost): string[] {
  const relative = cgroupsPath.includes(':') ? systemdPath(cgroupsPath) : cgroupsPath;
  return [...host.hierarchies.values()].map((mount) => join(mount, join('/', relative)));
}

/** Spec: systemd.slice(5): `a-b.slice` lies in `a.slice`. */
function systemdPath(cgroupsPath: string): string {
  const [slice = '', prefix = '', name = ''] = cgroupsPath.split(':');
  const parts = slice.replace(/\.slice$/, '').split('-');
  const nested =
    slice === '' || slice === '-.slice'
      ? []
      : parts.map((_, i) => `${parts.slice(0, i + 1).join('-')}.slice`);
  return join(...nested, `${prefix === '' ? '' : `${prefix}-`}${name}.scope`);
}

/** `linux.cgroupsPath` for a container. Compat: as dockerd names them, `<parent>/<id>` and `<slice>:<prefix>:<id>`. */
export function cgroupsPathFor(id: string, parent: string, driver: CgroupHost['driver']): string {
  if (driver === 'systemd') return `${parent === '' ? 'system.slice' : parent}:minke:${id}`;
  return join('/', parent === '' ? DEFAULT_CGROUP_PARENT : parent, id);
}

export const DEFAULT_CGROUP_PARENT = '/minke';
