import type { MountRequest } from '../../spec/docker/mod.ts';
import { bool, type Codec, int, integer, list, map, optional, string, struct } from '../http/go-json.ts';

type Options<K extends keyof MountRequest> = NonNullable<MountRequest[K]>;

const driverConfig = struct<NonNullable<Options<'VolumeOptions'>['DriverConfig']>>('Driver', {
  Name: optional(string),
  Options: optional(map(string)),
});

/** One entry of `HostConfig.Mounts`. Spec: Engine API, `Mount`. An unknown type is refused by the engine. */
export const mount: Codec<MountRequest> = struct<MountRequest>('mount.Mount', {
  Type: string as Codec<MountRequest['Type']>,
  Source: optional(string),
  Target: string,
  ReadOnly: optional(bool),
  Consistency: optional(string),
  BindOptions: optional(
    struct<Options<'BindOptions'>>('BindOptions', {
      Propagation: optional(string),
      NonRecursive: optional(bool),
      CreateMountpoint: optional(bool),
      ReadOnlyNonRecursive: optional(bool),
      ReadOnlyForceRecursive: optional(bool),
    }),
  ),
  VolumeOptions: optional(
    struct<Options<'VolumeOptions'>>('VolumeOptions', {
      NoCopy: optional(bool),
      Labels: optional(map(string)),
      DriverConfig: optional(driverConfig),
      Subpath: optional(string),
    }),
  ),
  TmpfsOptions: optional(
    struct<Options<'TmpfsOptions'>>('TmpfsOptions', {
      SizeBytes: optional(int),
      Mode: optional(integer('os.FileMode', 0)),
      Options: optional(list(list(string))),
    }),
  ),
  ImageOptions: optional(struct<Options<'ImageOptions'>>('ImageOptions', { Subpath: optional(string) })),
});
