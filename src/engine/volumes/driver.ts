/** What has volumes: the engine itself (`local`), or a plugin. Errors are `EngineError`s with the driver's words. */
export interface VolumeDriver {
  readonly name: string;
  /** Whether its volumes are those of one machine or of many. */
  scope(): Promise<'local' | 'global'>;
  create(volume: { name: string; options: Record<string, string> | null }): Promise<void>;
  remove(name: string): Promise<void>;
  /** Undefined if it has no such volume. Throws `unavailable` only where it cannot be asked. */
  get(name: string): Promise<DriverVolume | undefined>;
  list(): Promise<DriverVolume[]>;
  /** Lets its files be used by `id`. Gives the directory on the host. Twice with one id is once. */
  mount(name: string, id: string): Promise<string>;
  /** The opposite. Without a mount it is nothing. */
  unmount(name: string, id: string): Promise<void>;
}

/** A volume as its driver tells of it. */
export interface DriverVolume {
  name: string;
  /** '' where it is not known, as for one that is not mounted. */
  mountpoint: string;
  /** RFC 3339. */
  createdAt?: string;
  status?: Record<string, unknown>;
}
