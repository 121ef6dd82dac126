import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RuntimeSpec } from '../../spec/oci/runtime.ts';
import { Cgroup } from './cgroup.ts';
import type { CgroupHost } from './host.ts';
import { cgroupDirectories } from './paths.ts';

/** A path as it stands in a spec. */
export function cgroupAt(path: string | undefined, host: CgroupHost): Cgroup | undefined {
  return path === undefined ? undefined : new Cgroup(cgroupDirectories(path, host));
}

/** The cgroup that the bundle in `directory` names; undefined if there is no (whole) bundle. */
export function cgroupOfBundle(directory: string, host: CgroupHost): Cgroup | undefined {
  try {
    const spec = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as RuntimeSpec;
    return cgroupAt(spec.linux.cgroupsPath, host);
  } catch {
    return undefined;
  }
}
