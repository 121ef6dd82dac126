export { EngineVolumes } from './engine-volumes.ts';
export type { VolumeUsers } from './known-volumes.ts';
export type {
  Volume,
  VolumeCreateRequest,
  VolumesBackend,
  VolumesForContainers,
  VolumeWithUsage,
} from './volumes.ts';
