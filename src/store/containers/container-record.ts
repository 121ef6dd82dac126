import type { ContainerId } from '../../base/mod.ts';
import type { ChainId, ImageId } from '../../spec/digest.ts';
import type {
  ContainerConfig,
  EndpointSettings,
  Health,
  HostConfig,
  PortMap,
} from '../../spec/docker/mod.ts';

/**
 * A container as it stands on disk: `config.v2.json` (with Docker's keys, so that Docker opens it) and
 * `hostconfig.json`. Keys that we do not know are kept in `unknown`.
 */
export interface ContainerRecord {
  id: ContainerId;
  /** With the leading slash. */
  name: string;
  /** RFC 3339 with nanoseconds. */
  created: string;
  path: string;
  args: string[];
  config: ContainerConfig;
  hostConfig: HostConfig;
  image: ImageId;
  state: StateRecord;
  networks: Record<string, EndpointRecord>;
  ports: PortMap;
  sandboxId: string;
  sandboxKey: string;
  mountPoints: Record<string, MountPointRecord>;
  restartCount: number;
  hasBeenStartedBefore: boolean;
  hasBeenManuallyStopped: boolean;
  logPath: string;
  hostnamePath: string;
  hostsPath: string;
  resolvConfPath: string;
  minke: MinkeKeys;
  unknown: Record<string, unknown>;
  /** Unknown keys of `State` and of `NetworkSettings`. */
  unknownState?: Record<string, unknown>;
  unknownNetwork?: Record<string, unknown>;
}

/** Docker's key: the hardware address that was asked for, beside the one that it has while it is up. */
export interface EndpointRecord extends EndpointSettings {
  DesiredMacAddress?: string;
}

/** Docker's `State`; `status` is kept by us and written as Docker's booleans. */
export interface StateRecord {
  status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  oomKilled: boolean;
  pid: number;
  exitCode: number;
  error: string;
  startedAt: string;
  finishedAt: string;
  /** Of one with a health check, from its first start on. */
  health?: Health;
}

/** What Docker has no key for. It drops ours when it rewrites the file, and then its values win. */
export interface MinkeKeys {
  /** Counts the starts of this container (see `runtime`). */
  startNumber: number;
  /**
   * Top layer of the image. Crash: after a power cut the record is whole and the small files of the writable layer may
   * be empty; with this they are written anew.
   */
  topLayer?: ChainId;
  /** The kernel objects of the current start, as `net` gave them. Opaque here. */
  sandbox?: unknown;
  /** A start is under way, or its kernel objects may be there: restore takes them down. */
  starting?: boolean;
  /** What is done when it turns unhealthy; left out = nothing. */
  healthOnFailure?: 'none' | 'restart' | 'stop' | 'kill';
  /** The removal that is under way takes the volumes without a name along. */
  removeVolumes?: boolean;
}

/** Docker's key spelling, as `MountPoints` of config.v2.json has it. */
export interface MountPointRecord {
  Source: string;
  Destination: string;
  RW: boolean;
  Name: string;
  Driver: string;
  Type: 'bind' | 'volume' | 'tmpfs' | 'image';
  Relabel?: string;
  Propagation?: string;
  Spec?: Record<string, unknown>;
  SkipMountpointCreation?: boolean;
}
