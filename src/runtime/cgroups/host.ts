import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

/** Spec: linux/magic.h. */
const CGROUP_MAGIC = 0x27e0eb;
const CGROUP2_MAGIC = 0x63677270;
const MOUNT = '/sys/fs/cgroup';

export type CgroupDriver = 'cgroupfs' | 'systemd';

/** The cgroups of this machine. */
export interface CgroupHost {
  version: 1 | 2;
  driver: CgroupDriver;
  /** Version 1: directory of each hierarchy by its name under /sys/fs/cgroup; a v2 one beside them is `unified`. */
  hierarchies: Map<string, string>;
  /** Version 2: enabled controllers. Version 1: controllers that are mounted. */
  controllers: Set<string>;
  /** Why containers cannot be started here, and the remedy; undefined if they can. */
  obstacle: string | undefined;
}

/** Looks at /sys/fs/cgroup; `driver` overrides the default, which is systemd on v2 where systemd runs, else cgroupfs. */
export function detectCgroups(driver?: CgroupDriver, mount = MOUNT): CgroupHost {
  if (magicOf(mount) === CGROUP2_MAGIC) {
    return {
      version: 2,
      driver: driver ?? (existsSync('/run/systemd/system') ? 'systemd' : 'cgroupfs'),
      hierarchies: new Map([['', mount]]),
      controllers: new Set(words(join(mount, 'cgroup.controllers'))),
      obstacle: undefined,
    };
  }
  const hierarchies = new Map<string, string>();
  for (const name of directories(mount)) {
    const magic = magicOf(join(mount, name));
    if (magic === CGROUP_MAGIC || magic === CGROUP2_MAGIC) hierarchies.set(name, join(mount, name));
  }
  const controllers = new Set([...hierarchies.keys()].flatMap((name) => name.split(',')));
  controllers.delete('unified');
  const onUnified = words(join(mount, 'unified', 'cgroup.controllers'));
  return {
    version: 1,
    driver: driver ?? 'cgroupfs',
    hierarchies,
    controllers,
    obstacle: hybridObstacle(onUnified),
  };
}

/** Compat: crun 1.8 refuses a host where a controller sits on the v2 hierarchy beside v1. */
function hybridObstacle(onUnified: string[]): string | undefined {
  if (onUnified.length === 0) return undefined;
  const remedy = onUnified
    .map((name) => `mkdir -p ${MOUNT}/${name} && mount -t cgroup -o ${name} cgroup ${MOUNT}/${name}`)
    .join(' && ');
  return `cgroups in hybrid mode: mount the controllers of the v2 hierarchy (${onUnified.join(', ')}) on v1: ${remedy}`;
}

function magicOf(path: string): number | undefined {
  try {
    return statfsSync(path).type;
  } catch {
    return undefined;
  }
}

function directories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function words(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}
