export interface VolumeRecord {
  name: string;
  driver: string;
  labels: Record<string, string>;
  options: Record<string, string>;
  /** RFC 3339, seconds. */
  createdAt: string;
  /** Made for a container without a name: `rm -v` and `--rm` remove it. */
  anonymous: boolean;
  /** Id of the container that it was made for, if it has no name. */
  madeFor?: string;
}
