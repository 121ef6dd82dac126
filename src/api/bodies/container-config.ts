import type { ContainerConfig, HealthConfig } from '../../spec/docker/mod.ts';
import {
  bool,
  empty,
  type Fields,
  integer,
  list,
  map,
  nullable,
  optional,
  string,
  stringOrList,
  struct,
} from '../http/go-json.ts';

const duration = optional(integer('time.Duration'));

const health = struct<HealthConfig>('HealthConfig', {
  Test: optional(list(string)),
  Interval: duration,
  Timeout: duration,
  StartPeriod: duration,
  StartInterval: duration,
  Retries: optional(integer('int')),
});

/** Spec: Engine API, `ContainerConfig`: the fields that a create request embeds at its top. */
export const CONTAINER_CONFIG: Fields<ContainerConfig> = {
  Hostname: string,
  Domainname: string,
  User: string,
  AttachStdin: bool,
  AttachStdout: bool,
  AttachStderr: bool,
  ExposedPorts: optional(map(empty)),
  Tty: bool,
  OpenStdin: bool,
  StdinOnce: bool,
  Env: nullable(list(string)),
  Cmd: stringOrList,
  Healthcheck: optional(health),
  ArgsEscaped: optional(bool),
  Image: string,
  Volumes: nullable(map(empty)),
  WorkingDir: string,
  Entrypoint: stringOrList,
  NetworkDisabled: optional(bool),
  MacAddress: optional(string),
  OnBuild: optional(list(string)),
  Labels: nullable(map(string)),
  StopSignal: optional(string),
  StopTimeout: optional(integer('int')),
  Shell: optional({ ...stringOrList, read: (value, at) => stringOrList.read(value, at) ?? [] }),
};
