export { LocalVolumes, type VolumeUsers } from './local-volumes.ts';
export type { Volume, VolumeCreateRequest, VolumesBackend, VolumeWithUsage } from './volumes.ts';
