import type { ContainerConfig, HostConfig, Ulimit } from '../../spec/docker/mod.ts';
import type { IdMap } from '../../spec/id-map.ts';
import type { RuntimeDevice } from '../../spec/oci/runtime.ts';
import type { CgroupDriver } from '../cgroups/host.ts';

/** All that a container's bundle is made of; `buildSpec` itself looks at nothing else. */
export interface BundleInput {
  id: string;
  config: Pick<ContainerConfig, 'Tty' | 'Domainname'>;
  hostConfig: HostConfig;
  /** Hostname inside; left alone with the host's UTS namespace. */
  hostname: string;
  /** Absolute path of the mounted root file system. */
  rootfs: string;
  /** The network namespace: a pinned one, the host's, or a new empty one. */
  netns: { path: string } | 'host' | undefined;
  /** The user namespace to join, with its map; undefined = the host's. */
  userns?: { path: string; map: IdMap };
  /** Namespaces of another container to join (`container:<id>` modes): paths. */
  joined?: { ipc?: string; pid?: string; uts?: string };
  /** Binds, volumes, hosts files: resolved, with their options (`rbind`, `ro`, `rprivate`, …). */
  mounts: ResolvedMount[];
  user: { uid: number; gid: number; additionalGids: number[] };
  /** Entrypoint and command. */
  args: string[];
  /** Complete: see `containerEnv`. */
  env: string[];
  cwd: string;
  /** Terminal size, [height, width]; [0, 0] = unknown. */
  consoleSize?: [number, number];
  /** Path on the host of the init program, for `HostConfig.Init`. */
  initPath?: string;
  host: HostFacts;
}

export interface ResolvedMount {
  source: string;
  destination: string;
  type: string;
  options: string[];
  /** Of a bind, where it is known: a look at the source may hang, for it may be a server's. */
  kind?: 'directory' | 'file';
}

/** What `buildSpec` must know of the machine. See `gatherHostFacts`. */
export interface HostFacts {
  cgroupVersion: 1 | 2;
  cgroupDriver: CgroupDriver;
  /** Parent of containers' cgroups where `HostConfig.CgroupParent` is empty; '' = ours. */
  cgroupParent: string;
  /** The capabilities that the daemon itself holds. */
  capabilities: readonly string[];
  architecture: string;
  kernel: string;
  /** Whether swap can be limited. */
  swapLimit: boolean;
  /** Devices of `HostConfig.Devices`, or all of the host's for a privileged container. */
  devices: MappedDevice[];
  /** Numbers of the block devices that blkio limits name, by path. */
  blockDevices: ReadonlyMap<string, { major: number; minor: number }>;
  /** The daemon-wide seccomp profile: `builtin`, `unconfined`, or its JSON. */
  seccompProfile: string;
  /** For containers that set none of the same name. */
  ulimits: readonly Ulimit[];
  noNewPrivileges: boolean;
  /** The kernel has AppArmor. */
  appArmor: boolean;
}

export interface MappedDevice extends RuntimeDevice {
  /** `rwm` or a part of it. */
  permissions: string;
}
