import { EngineError, isEngineError } from '../../../base/mod.ts';
import { ENDPOINT_DOWN, type EndpointSettings, type HostConfig } from '../../../spec/docker/mod.ts';
import type { EndpointRecord } from '../../../store/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';

export type NetworkMode =
  | { kind: 'bridge' | 'none' | 'host' | 'network'; network: string }
  | { kind: 'container'; container: string };

/** What `HostConfig.NetworkMode` means. That a network exists is checked at the start, as Docker does. */
export function parseNetworkMode(context: ContainersContext, mode: string): NetworkMode {
  if (mode.startsWith('container:')) {
    return { kind: 'container', container: context.directory.find(mode.slice('container:'.length)).id };
  }
  if (mode === 'none' || mode === 'host') return { kind: mode, network: mode };
  if (mode === '' || mode === 'default' || mode === 'bridge') return { kind: 'bridge', network: 'bridge' };
  return { kind: 'network', network: mode };
}

/**
 * A container that a setting names. Compat: that there is none is a wrong parameter, not something not found: at 404
 * clients would say that the image is missing, and pull it.
 */
export function findAsParameter(context: ContainersContext, ref: string): Container {
  try {
    return context.directory.find(ref);
  } catch (error) {
    if (!isEngineError(error, 'not-found')) throw error;
    throw new EngineError('invalid', error.message, { cause: error });
  }
}

/** Checks the containers whose namespaces, or names, a new one is to share; names become ids. */
export function resolveSharedContainers(context: ContainersContext, hostConfig: HostConfig): void {
  for (const field of ['IpcMode', 'PidMode', 'NetworkMode'] as const) {
    const ref = /^container:(.+)$/s.exec(hostConfig[field])?.[1];
    if (ref === undefined) continue;
    hostConfig[field] = `container:${findAsParameter(context, ref).id}`;
  }
}

/** Whether a network is one that users make. Compat: moby `NetworkMode.IsUserDefined`. */
export function isUserDefined(name: string): boolean {
  return !['default', 'bridge', 'host', 'none'].includes(name) && !name.startsWith('container:');
}

/** What is kept of an endpoint that was asked for: what clients say of its being up is not believed. */
export function endpointRecord(settings: Partial<EndpointSettings>): EndpointRecord {
  const { MacAddress: mac } = settings;
  return {
    ...emptyEndpoint(),
    ...settings,
    ...ENDPOINT_DOWN,
    NetworkID: '',
    DNSNames: null,
    ...(mac && { MacAddress: mac, DesiredMacAddress: mac }),
  };
}

/** `EndpointSettings` of an endpoint that is not up. */
export function emptyEndpoint(): EndpointSettings {
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    MacAddress: '',
    DriverOpts: null,
    GwPriority: 0,
    NetworkID: '',
    EndpointID: '',
    Gateway: '',
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}
