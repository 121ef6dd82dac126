import type { HostConfig } from '../../spec/docker/mod.ts';
import type { RuntimeMount } from '../../spec/oci/runtime.ts';
import type { BundleInput } from './input.ts';
import { securityOptions } from './security-options.ts';

const TMPFS_OPTIONS = ['noexec', 'nosuid', 'nodev'];
const OPPOSITE: Readonly<Record<string, string>> = {
  exec: 'noexec',
  noexec: 'exec',
  suid: 'nosuid',
  nosuid: 'suid',
  dev: 'nodev',
  nodev: 'dev',
  rw: 'ro',
  ro: 'rw',
};
/** Stay writable beneath a read-only root file system. */
const ALWAYS_WRITABLE = new Set(['/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue']);
export const INIT_PATH = '/sbin/docker-init';

/** All mounts of a container, parents before children; the user's replace ours of the same place and beneath /dev. */
export function containerMounts(input: BundleInput): RuntimeMount[] {
  const user = userMounts(input);
  const taken = new Set(user.map(({ destination }) => destination));
  const ours = systemMounts(input.hostConfig).filter(
    ({ destination }) => !taken.has(destination) && !(taken.has('/dev') && destination.startsWith('/dev/')),
  );
  const { Privileged: privileged, ReadonlyRootfs: readonly, SecurityOpt } = input.hostConfig;
  const { writableCgroups } = securityOptions(SecurityOpt);
  const adjusted = ours.map((mount) => {
    // Compat: a read-only mount of it cannot be made in a user namespace.
    const writable = privileged || ((writableCgroups || input.userns) && mount.type === 'cgroup');
    if (writable) return { ...mount, options: without(mount.options ?? [], 'ro') };
    if (!readonly || ALWAYS_WRITABLE.has(mount.destination)) return mount;
    return { ...mount, options: [...without(mount.options ?? [], 'ro'), 'ro'] };
  });
  return [...adjusted, ...user].sort((a, b) => depth(a.destination) - depth(b.destination));
}

/** Compat: the set and the options of dockerd's. */
function systemMounts({ IpcMode, ShmSize }: HostConfig): RuntimeMount[] {
  const mounts: RuntimeMount[] = [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: ['ro', 'nosuid', 'noexec', 'nodev'],
    },
  ];
  mounts.push({
    destination: '/dev/mqueue',
    type: 'mqueue',
    source: 'mqueue',
    options: ['nosuid', 'noexec', 'nodev'],
  });
  if (IpcMode === 'none') return mounts;
  if (IpcMode === 'host') return [...mounts, bind('/dev/shm', '/dev/shm', ['rbind', 'rprivate'])];
  const size = ShmSize > 0 ? ShmSize : 64 * 1024 * 1024;
  const options = ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${size}`];
  return [...mounts, { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options }];
}

function userMounts({ mounts, hostConfig, initPath }: BundleInput): RuntimeMount[] {
  const result: RuntimeMount[] = mounts.map(({ source, destination, type, options }) => ({
    destination,
    type,
    source,
    options,
  }));
  for (const [destination, options] of Object.entries(hostConfig.Tmpfs ?? {})) {
    result.push(tmpfs(destination, options.split(',').filter(Boolean)));
  }
  for (const { Type, Target, ReadOnly, TmpfsOptions } of hostConfig.Mounts ?? []) {
    if (Type !== 'tmpfs' || result.some(({ destination }) => destination === Target)) continue;
    const { SizeBytes, Mode, Options } = TmpfsOptions ?? {};
    result.push(
      tmpfs(Target, [
        ...(SizeBytes ? [`size=${SizeBytes}`] : []),
        ...(Mode ? [`mode=${Mode.toString(8)}`] : []),
        ...(Options ?? []).map((option) => option.join('=')),
        ...(ReadOnly ? ['ro'] : []),
      ]),
    );
  }
  if (initPath !== undefined) result.push(bind(initPath, INIT_PATH, ['bind', 'ro']));
  return result;
}

/** Later options win over earlier ones that they contradict. */
function tmpfs(destination: string, asked: string[]): RuntimeMount {
  let options = [...TMPFS_OPTIONS];
  for (const option of asked) {
    const key = option.split('=')[0] ?? option;
    options = options.filter((other) => other !== OPPOSITE[option] && (other.split('=')[0] ?? other) !== key);
    options.push(option);
  }
  return { destination, type: 'tmpfs', source: 'tmpfs', options };
}

function bind(source: string, destination: string, options: string[]): RuntimeMount {
  return { destination, type: 'bind', source, options };
}

function without(options: string[], unwanted: string): string[] {
  return options.filter((option) => option !== unwanted);
}

function depth(path: string): number {
  return path.split('/').filter(Boolean).length;
}
