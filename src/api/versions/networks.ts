import type { NetworkInspect } from '../../spec/docker/mod.ts';
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
