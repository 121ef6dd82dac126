import type { Filters } from '../filters.ts';

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
  /** All volumes with what each takes; their trees are walked. */
  usage(): Promise<VolumeWithUsage[]>;
  /** Anonymous volumes only, unless the filter `all` is `1` or `true`. */
  prune(filters: Filters): Promise<{ deleted: string[]; spaceReclaimed: number }>;
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
  /** '' = `local`. */
  driver: string;
  options: Record<string, string>;
  labels: Record<string, string>;
}
