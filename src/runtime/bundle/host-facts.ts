import { existsSync, readdirSync, type Stats, statSync } from 'node:fs';
import { arch, release } from 'node:os';
import { join } from 'node:path';
import { EngineError, errnoOf } from '../../base/mod.ts';
import type { HostConfig, Ulimit } from '../../spec/docker/mod.ts';
import { ownCapabilities } from '../../sys/mod.ts';
import type { CgroupHost } from '../cgroups/host.ts';
import { deviceNumbers } from './device-numbers.ts';
import type { HostFacts, MappedDevice } from './input.ts';

/** Made anew by the OCI runtime, or not devices of ours to give. */
const SKIPPED = new Set([
  '/dev/pts',
  '/dev/shm',
  '/dev/fd',
  '/dev/mqueue',
  '/dev/console',
  '/dev/ptmx',
  '/dev/tty',
]);
const ALREADY_THERE = new Set(['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom']);

/** What the daemon's configuration gives containers that do not ask for something else. */
export interface DaemonDefaults {
  cgroupParent: string;
  seccompProfile: string;
  defaultUlimits: readonly Ulimit[];
  noNewPrivileges: boolean;
}

let unchanging: Pick<HostFacts, 'capabilities' | 'architecture' | 'kernel' | 'appArmor'> | undefined;

/** Looks up what a container's bundle needs to know of the machine. Throws `invalid` for devices that are not there. */
export function gatherHostFacts(
  hostConfig: HostConfig,
  cgroups: CgroupHost,
  defaults: Partial<DaemonDefaults> = {},
): HostFacts {
  unchanging ??= {
    capabilities: ownCapabilities(),
    architecture: arch(),
    kernel: release(),
    appArmor: existsSync('/sys/kernel/security/apparmor'),
  };
  return {
    ...unchanging,
    cgroupVersion: cgroups.version,
    cgroupDriver: cgroups.driver,
    cgroupParent: defaults.cgroupParent ?? '',
    seccompProfile: defaults.seccompProfile ?? 'builtin',
    ulimits: defaults.defaultUlimits ?? [],
    noNewPrivileges: defaults.noNewPrivileges ?? false,
    swapLimit: canLimitSwap(cgroups),
    devices: hostConfig.Privileged ? allDevices('/dev') : (hostConfig.Devices ?? []).flatMap(mapDevice),
    blockDevices: blockDevices(hostConfig),
  };
}

/** Version 1: with the memory controller's swap accounting. Version 2: with the controller. */
export function canLimitSwap({ version, hierarchies, controllers }: CgroupHost): boolean {
  if (version === 2) return controllers.has('memory');
  const memory = hierarchies.get('memory');
  return memory !== undefined && existsSync(join(memory, 'memory.memsw.limit_in_bytes'));
}

function mapDevice(mapping: NonNullable<HostConfig['Devices']>[number]): MappedDevice[] {
  const { PathOnHost, PathInContainer, CgroupPermissions } = mapping;
  const stats = stat(PathOnHost);
  const permissions = CgroupPermissions || 'rwm';
  if (!stats) {
    const why = `error gathering device information while adding custom device "${PathOnHost}": no such file or directory`;
    throw new EngineError('invalid', why);
  }
  if (stats.isDirectory()) {
    return allDevices(PathOnHost).map((device) => {
      const path = join(PathInContainer, device.path.slice(PathOnHost.length));
      return { ...device, path, permissions };
    });
  }
  const device = toDevice(PathInContainer || PathOnHost, stats, permissions);
  if (device) return [device];
  throw new EngineError(
    'invalid',
    `error gathering device information while adding custom device "${PathOnHost}": not a device node`,
  );
}

function allDevices(directory: string): MappedDevice[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (SKIPPED.has(path) || ALREADY_THERE.has(path) || entry.isSymbolicLink()) return [];
    if (entry.isDirectory()) return allDevices(path);
    const stats = stat(path);
    const device = stats && toDevice(path, stats, 'rwm');
    return device ? [device] : [];
  });
}

function toDevice(path: string, stats: Stats, permissions: string): MappedDevice | undefined {
  const type = stats.isBlockDevice() ? 'b' : stats.isCharacterDevice() ? 'c' : undefined;
  if (type === undefined) return undefined;
  const { major, minor } = deviceNumbers(stats.rdev);
  return {
    type,
    path,
    major,
    minor,
    fileMode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    permissions,
  };
}

function blockDevices(config: HostConfig): Map<string, { major: number; minor: number }> {
  const limits = [
    ...(config.BlkioWeightDevice ?? []),
    ...(config.BlkioDeviceReadBps ?? []),
    ...(config.BlkioDeviceWriteBps ?? []),
    ...(config.BlkioDeviceReadIOps ?? []),
    ...(config.BlkioDeviceWriteIOps ?? []),
  ];
  const result = new Map<string, { major: number; minor: number }>();
  for (const { Path } of limits) {
    const stats = stat(Path);
    if (stats) result.set(Path, deviceNumbers(stats.rdev));
  }
  return result;
}

function stat(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
