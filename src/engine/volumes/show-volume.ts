import type { VolumeRecord } from '../../store/mod.ts';
import type { DriverVolume } from './driver.ts';
import type { Volume } from './volumes.ts';

/** Compat: Go's time of nothing, where a plugin does not say when. */
const NO_TIME = '0001-01-01T00:00:00Z';

/** A volume as the API shows it. Labels and options are what is on record, if anything is. */
export function showVolume({
  volume,
  driver,
  scope,
  record,
}: {
  volume: DriverVolume;
  driver: string;
  scope: 'local' | 'global';
  record: VolumeRecord | undefined;
}): Volume {
  return {
    CreatedAt: volume.createdAt ?? NO_TIME,
    Driver: driver,
    Labels: record?.labels ?? null,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: record?.options ?? null,
    Scope: scope,
  };
}
