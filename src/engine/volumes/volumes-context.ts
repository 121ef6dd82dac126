import type { KeyedLock, Logger } from '../../base/mod.ts';
import type { VolumeRecords } from '../../store/mod.ts';
import type { Events } from '../events/mod.ts';
import type { KnownVolumes } from './known-volumes.ts';
import type { ActiveMounts } from './mounts/active-mounts.ts';
import type { VolumeDrivers } from './volume-drivers.ts';

/** What the volume verbs work with. */
export interface VolumesContext {
  readonly records: VolumeRecords;
  readonly known: KnownVolumes;
  readonly drivers: VolumeDrivers;
  readonly mounts: ActiveMounts;
  /** One change of one volume at a time. */
  readonly locks: KeyedLock;
  readonly events: Pick<Events, 'publish'>;
  /** Bytes in a tree. */
  readonly measure: (path: string) => Promise<number>;
  readonly log: Logger;
}
