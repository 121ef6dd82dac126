import type { NetworkCreateRequest } from '../../engine/networks/mod.ts';
import type { EndpointSettings, NetworkInspect } from '../../spec/docker/mod.ts';
import type { ApiVersion } from '../http/api-version.ts';

/** A row of `GET /networks` as `version` knows it. */
export function summaryFor(version: ApiVersion, network: NetworkInspect): object {
  const { Containers, Status: _status, ...rest } = network as NetworkInspect & { Status?: unknown };
  if (version.below('1.28')) return { ...rest, Containers };
  return version.below('1.52') ? { ...rest, Containers: {} } : rest;
}

/** The answer of `GET /networks/{id}` as `version` knows it: `Status` came with 1.52. */
export function inspectFor(version: ApiVersion, network: NetworkInspect): object {
  if (version.atLeast('1.52')) return network;
  const { Status: _status, ...rest } = network as NetworkInspect & { Status?: unknown };
  return rest;
}

/** What a client of `version` meant: IPv4 could not be switched off before 1.48. */
export function networkCreateFor(version: ApiVersion, request: NetworkCreateRequest): NetworkCreateRequest {
  return version.below('1.48') ? { ...request, enableIpv4: true } : request;
}

/** What a client of `version` meant by the settings of a connect. Compat: moby `postNetworkConnect`. */
export function connectFor(
  version: ApiVersion,
  settings: Partial<EndpointSettings>,
): Partial<EndpointSettings> {
  const { GwPriority, MacAddress, ...rest } = settings;
  return {
    ...rest,
    ...(GwPriority !== undefined && version.atLeast('1.48') && { GwPriority }),
    ...(MacAddress !== undefined && version.atLeast('1.44') && { MacAddress }),
  };
}
