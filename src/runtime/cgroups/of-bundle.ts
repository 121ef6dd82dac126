import { readFileSync, writeFileSync } from 'node:fs';
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
    return cgroupAt(notedPath(directory) ?? pathInSpec(directory), host);
  } catch {
    return undefined;
  }
}

const NOTE = 'cgroup';

/** For a next daemon, which looks up each container's: the spec has 20 KB, most of it the seccomp filter. */
export function noteCgroup(directory: string, path: string | undefined): void {
  if (path !== undefined) writeFileSync(join(directory, NOTE), `${path}\n`, { mode: 0o600 });
}

/** Crash: a note is whole with its last byte; the part of a path would be somebody else's cgroup. */
function notedPath(directory: string): string | undefined {
  try {
    const text = readFileSync(join(directory, NOTE), 'utf8');
    return text.endsWith('\n') ? text.slice(0, -1) : undefined;
  } catch {
    // Of a daemon that wrote none.
    return undefined;
  }
}

function pathInSpec(directory: string): string | undefined {
  const spec = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as RuntimeSpec;
  return spec.linux.cgroupsPath;
}
