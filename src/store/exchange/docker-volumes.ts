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

/** `volumes/metadata.db` for these records. */
export function writeDockerVolumes(records: readonly VolumeRecord[]): Buffer {
  const entries = records.map(({ name, driver, labels, options }): BoltEntry => {
    const volume: DockerVolume = { Name: name, Driver: driver, Labels: labels, Options: options };
    return { key: Buffer.from(name), value: Buffer.from(JSON.stringify(volume)) };
  });
  return writeBolt(BUCKET, entries);
}
