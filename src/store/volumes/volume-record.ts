/** A volume as it is kept on disk. */
export interface VolumeRecord {
  name: string;
  /** `local`, or the name of the plugin that has it. */
  driver: string;
  /** Compat: whoever gave none, and not an empty object, is shown null. */
  labels: Record<string, string> | null;
  options: Record<string, string> | null;
  /** RFC 3339, seconds. Of a plugin's volume: when we first heard of it. */
  createdAt: string;
  /** Made for a container without a name: `rm -v` and `--rm` remove it. */
  anonymous: boolean;
  /** Id of the container that it was made for, if it has no name. */
  madeFor?: string;
}
