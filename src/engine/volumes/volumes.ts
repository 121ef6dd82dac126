import type { VolumeRecord } from '../../store/mod.ts';
import type { Filters } from '../filters.ts';
import type { WantedVolume } from './verbs/create.ts';

/**
 * The volume verbs that the API asks for. Unknown name: `not-found` `get x: no such volume`; in use: `conflict`
 * `remove x: volume is in use - [<container id>]`.
 */
export interface VolumesBackend {
  list(filters: Filters): Promise<{ volumes: Volume[]; warnings: string[] }>;
  inspect(name: string): Promise<Volume>;
  /** Gives the volume that is there already if the name is taken and the driver is the same. '' = a generated name. */
  create(request: VolumeCreateRequest): Promise<Volume>;
  /** With `force`, an unknown name is no error. */
  remove(name: string, force: boolean): Promise<void>;
  /** The volumes that take space here, with what each takes; their trees are walked. */
  usage(): Promise<VolumeWithUsage[]>;
  /** Anonymous volumes only, unless the filter `all` is `1` or `true`. `conflict` while another one is at it. */
  prune(filters: Filters): Promise<{ deleted: string[]; spaceReclaimed: number }>;
}

/** What containers ask for. *Who* is the id of a container, or of a look into one. */
export interface VolumesForContainers {
  /** Gives the volume, made if it is not there; says whether it was. It is held for its user until `letGo`. */
  ensure(wanted: WantedVolume): Promise<{ record: VolumeRecord; made: boolean }>;
  /** The container is there and counts as a user itself, or will never be there. */
  letGo(user: string): void;
  get(name: string): VolumeRecord | undefined;
  /** Where a volume's files are on the host; '' for one of a plugin that is not mounted. */
  pathOf(volume: Pick<VolumeRecord, 'name' | 'driver'>): string;
  /** Lets `who` use a volume's files, and gives their directory; twice is once. `signal` ends the waiting. */
  mount(name: string, who: string, options?: { signal?: AbortSignal }): Promise<string>;
  /** What the mount of a volume, which is at `path`, forbids, as mount(8) calls it; nothing where it is a plain one. */
  restrictions(name: string, path: string): Promise<string[]>;
  /** Ends all uses by `who`. Idempotent. */
  release(who: string): Promise<void>;
  /** After a start of the daemon: what those who live have mounted stays, what is left of others goes. */
  restore(isLiving: (who: string) => boolean): void;
  /** Removes it if no container uses it any more; says nothing if it is not there. */
  removeIfUnused(name: string): Promise<void>;
  /** Removes the volumes without a name that were made for that container, unless another one uses them. */
  removeMadeFor(user: string): Promise<void>;
}

/** Spec: Engine API, `Volume`. */
export interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  /** RFC 3339. */
  CreatedAt?: string;
  Status?: Record<string, unknown>;
  Labels: Record<string, string> | null;
  Scope: 'local' | 'global';
  Options: Record<string, string> | null;
}

export interface VolumeWithUsage extends Volume {
  /** Bytes, and how many containers have it. */
  UsageData: { Size: number; RefCount: number };
}

export interface VolumeCreateRequest {
  name: string;
  /** '' = whoever has it, else `local`. */
  driver: string;
  options: Record<string, string> | null;
  labels: Record<string, string> | null;
}
