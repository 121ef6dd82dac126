import type {
  DeviceMapping,
  DeviceRequest,
  Resources,
  ThrottleDevice,
  Ulimit,
} from '../../spec/docker/mod.ts';
import { bool, type Fields, int, integer, list, map, nullable, string, struct } from '../http/go-json.ts';

const throttle = nullable(
  list(struct<ThrottleDevice>('ThrottleDevice', { Path: string, Rate: integer('uint64', 0) })),
);

const ulimit = struct<Ulimit>('Ulimit', { Name: string, Soft: int, Hard: int });

const device = struct<DeviceMapping>('DeviceMapping', {
  PathOnHost: string,
  PathInContainer: string,
  CgroupPermissions: string,
});

const deviceRequest = struct<DeviceRequest>('DeviceRequest', {
  Driver: string,
  Count: integer('int'),
  DeviceIDs: nullable(list(string)),
  Capabilities: nullable(list(list(string))),
  Options: nullable(map(string)),
});

/** Spec: Engine API, `Resources`. */
export const RESOURCES: Fields<Resources> = {
  CpuShares: int,
  Memory: int,
  NanoCpus: int,
  CgroupParent: string,
  BlkioWeight: integer('uint16', 0),
  BlkioWeightDevice: nullable(
    list(
      struct<{ Path: string; Weight: number }>('WeightDevice', {
        Path: string,
        Weight: integer('uint16', 0),
      }),
    ),
  ),
  BlkioDeviceReadBps: throttle,
  BlkioDeviceWriteBps: throttle,
  BlkioDeviceReadIOps: throttle,
  BlkioDeviceWriteIOps: throttle,
  CpuPeriod: int,
  CpuQuota: int,
  CpuRealtimePeriod: int,
  CpuRealtimeRuntime: int,
  CpusetCpus: string,
  CpusetMems: string,
  Devices: nullable(list(device)),
  DeviceCgroupRules: nullable(list(string)),
  DeviceRequests: nullable(list(deviceRequest)),
  MemoryReservation: int,
  MemorySwap: int,
  MemorySwappiness: nullable(int),
  OomKillDisable: nullable(bool),
  PidsLimit: nullable(int),
  Ulimits: nullable(list(ulimit)),
  CpuCount: int,
  CpuPercent: int,
  IOMaximumIOps: integer('uint64', 0),
  IOMaximumBandwidth: integer('uint64', 0),
};
