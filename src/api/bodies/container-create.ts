import { EngineError } from '../../base/mod.ts';
import type { ContainerConfig, EndpointSettings, NetworkingConfig } from '../../spec/docker/mod.ts';
import {
  type Codec,
  decode,
  hasAnyField,
  integer,
  list,
  map,
  nullable,
  optional,
  string,
  struct,
} from '../http/go-json.ts';
import { CONTAINER_CONFIG } from './container-config.ts';
import { type HostConfigRequest, hostConfig } from './host-config.ts';

/** A create request with every field in place; the endpoints' settings are as partial as they were sent. */
export interface CreateBody {
  config: ContainerConfig;
  hostConfig: HostConfigRequest;
  networkingConfig: { EndpointsConfig: Record<string, Partial<EndpointSettings>> };
  /** Read-only bind mounts do not reach into what is mounted below them, unless a mount says otherwise. */
  defaultReadOnlyNonRecursive?: boolean;
}

interface Document extends ContainerConfig {
  HostConfig: HostConfigRequest;
  NetworkingConfig: NetworkingConfig | undefined;
}

const strings = optional(list(string));

const ipam = struct<NonNullable<EndpointSettings['IPAMConfig']>>('EndpointIPAMConfig', {
  IPv4Address: optional(string),
  IPv6Address: optional(string),
  LinkLocalIPs: strings,
});

/** Spec: Engine API, `EndpointSettings`. */
export const endpoint: Codec<Partial<EndpointSettings>> = struct<Partial<EndpointSettings>>(
  'EndpointSettings',
  {
    IPAMConfig: optional(ipam),
    Links: strings,
    Aliases: strings,
    MacAddress: optional(string),
    DriverOpts: optional(map(string)),
    GwPriority: optional(integer('int')),
    NetworkID: optional(string),
    EndpointID: optional(string),
    Gateway: optional(string),
    IPAddress: optional(string),
    IPPrefixLen: optional(integer('int')),
    IPv6Gateway: optional(string),
    GlobalIPv6Address: optional(string),
    GlobalIPv6PrefixLen: optional(integer('int')),
    DNSNames: strings,
  },
);

const document = struct<Document>('CreateRequest', {
  ...CONTAINER_CONFIG,
  HostConfig: hostConfig,
  NetworkingConfig: optional(
    struct<NetworkingConfig>('NetworkingConfig', { EndpointsConfig: nullable(map(nullable(endpoint))) }),
  ),
});

/**
 * The body of `POST /containers/create`. Compat: moby's `runconfig.decodeCreateRequest`: a body that names no field
 * of the container's configuration is refused, `Volumes` and `PortBindings` are never null.
 */
export const createBody: Codec<CreateBody> = {
  go: document.go,
  read(value) {
    const { HostConfig, NetworkingConfig, ...config } = decode(document, value);
    if (!hasAnyField(value, CONTAINER_CONFIG)) {
      throw new EngineError('invalid', 'config cannot be empty in order to create a container');
    }
    const endpoints = Object.entries(NetworkingConfig?.EndpointsConfig ?? {});
    return {
      config: { ...config, Volumes: config.Volumes ?? {} },
      hostConfig: { ...HostConfig, PortBindings: HostConfig.PortBindings ?? {} },
      networkingConfig: {
        EndpointsConfig: Object.fromEntries(endpoints.map(([name, settings]) => [name, settings ?? {}])),
      },
    };
  },
};
