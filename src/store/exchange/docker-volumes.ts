import type { BoltEntry } from '../bolt/bolt-format.ts';
import { readBolt } from '../bolt/read-bolt.ts';
import { writeBolt } from '../bolt/write-bolt.ts';
import type { VolumeRecord } from '../volumes/volume-record.ts';

/** Compat: moby `volume/service/db.go`. */
const BUCKET = 'volumes';

/** What Docker remembers of a volume. Compat: `volumeMetadata`; its maps are null where they are empty. */
export interface DockerVolume {
  Name: string;
  Driver: string;
  Labels: Record<string, string> | null;
  Options: Record<string, string> | null;
}

/** The volumes that `volumes/metadata.db` names; an entry that is none is left out. Throws for a damaged file. */
export function readDockerVolumes(file: Buffer): DockerVolume[] {
  return (readBolt(file, BUCKET) ?? []).flatMap(({ value }) => {
    try {
      const volume = JSON.parse(value.toString('utf8')) as DockerVolume;
      return typeof volume?.Name === 'string' ? [volume] : [];
    } catch {
      return [];
    }
  });
}

/** `volumes/metadata.db` for these records; `others` are volumes of plugins, which we do not know. */
export function writeDockerVolumes(
  records: readonly VolumeRecord[],
  others: readonly DockerVolume[],
): Buffer {
  const ours = records.map(
    ({ name, driver, labels, options }): DockerVolume => ({
      Name: name,
      Driver: driver,
      Labels: orNull(labels),
      Options: orNull(options),
    }),
  );
  const entries = [...ours, ...others].map(
    (volume): BoltEntry => ({ key: Buffer.from(volume.Name), value: Buffer.from(JSON.stringify(volume)) }),
  );
  return writeBolt(BUCKET, entries);
}

function orNull(map: Record<string, string>): Record<string, string> | null {
  return Object.keys(map).length > 0 ? map : null;
}
