import type { EndpointSettings } from '../../spec/docker/mod.ts';
import type { ContainersContext } from './context.ts';

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
