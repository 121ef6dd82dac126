import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RuntimeSpec } from '../../spec/oci/runtime.ts';
import { Cgroup } from './cgroup.ts';
import type { CgroupHost } from './host.ts';
import { cgroupDirectories } from './paths.ts';

/** The cgroup that the bundle in `directory` names; undefined if there is no (whole) bundle. */
export function cgroupOfBundle(directory: string, host: CgroupHost): Cgroup | undefined {
  try {
    const spec = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as RuntimeSpec;
    const path = spec.linux.cgroupsPath;
    return path === undefined ? undefined : new Cgroup(cgroupDirectories(path, host));
  } catch {
    return undefined;
  }
}
