export { LocalVolumes, type VolumeUsers } from './local-volumes.ts';
export type { Volume, VolumeCreateRequest, VolumesBackend } from './volumes.ts';
