import type { HostConfig, LogConfig, PortBinding, RestartPolicy } from '../../spec/docker/mod.ts';
import {
  bool,
  type Codec,
  type Fields,
  int,
  integer,
  list,
  map,
  nullable,
  optional,
  string,
  stringOrList,
  struct,
} from '../http/go-json.ts';
import { mount } from './mounts.ts';
import { RESOURCES } from './resources.ts';

/** A host config as requests spell it: `Capabilities` existed in 1.40 only, and is refused there; the other until 1.41. */
export type HostConfigRequest = HostConfig & { Capabilities?: string[]; KernelMemory?: number };

const strings = nullable(list(string));

const logConfig = struct<LogConfig>('LogConfig', { Type: string, Config: nullable(map(string)) });

export const restartPolicy = struct<RestartPolicy>('RestartPolicy', {
  Name: string,
  MaximumRetryCount: integer('int'),
});

const portBinding = struct<PortBinding>('PortBinding', { HostIp: string, HostPort: string });

const side = integer('uint', 0);
/** Go's `[2]uint`: what is missing is 0, what is too much is dropped. */
const consoleSize: Codec<[number, number]> = {
  go: '[2]uint',
  read(value, at) {
    const given = nullable(list(side)).read(value, at) ?? [];
    return [given[0] ?? 0, given[1] ?? 0];
  },
};

export const portMap = nullable(map(nullable(list(portBinding))));

const FIELDS: Fields<HostConfigRequest> = {
  ...RESOURCES,
  Binds: strings,
  ContainerIDFile: string,
  LogConfig: logConfig,
  NetworkMode: string,
  PortBindings: portMap,
  RestartPolicy: restartPolicy,
  AutoRemove: bool,
  VolumeDriver: string,
  VolumesFrom: strings,
  Mounts: optional(list(mount)),
  ConsoleSize: consoleSize,
  Annotations: optional(map(string)),
  CapAdd: stringOrList,
  CapDrop: stringOrList,
  CgroupnsMode: string,
  Dns: strings,
  DnsOptions: strings,
  DnsSearch: strings,
  ExtraHosts: strings,
  GroupAdd: strings,
  IpcMode: string,
  Cgroup: string,
  Links: strings,
  OomScoreAdj: integer('int'),
  PidMode: string,
  Privileged: bool,
  PublishAllPorts: bool,
  ReadonlyRootfs: bool,
  SecurityOpt: strings,
  StorageOpt: optional(map(string)),
  Tmpfs: optional(map(string)),
  UTSMode: string,
  UsernsMode: string,
  ShmSize: int,
  Sysctls: optional(map(string)),
  Runtime: string,
  Isolation: string,
  MaskedPaths: strings,
  ReadonlyPaths: strings,
  Init: optional(bool),
  Capabilities: optional(list(string)),
  KernelMemory: optional(int),
};

/** Spec: Engine API, `HostConfig`. */
export const hostConfig = struct<HostConfigRequest>('HostConfig', FIELDS);
