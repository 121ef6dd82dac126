import { EngineError } from '../../base/mod.ts';
import type { EndpointSettings } from '../../spec/docker/mod.ts';
import type { CreateBody } from '../bodies/container-create.ts';
import type { ApiVersion } from '../http/api-version.ts';

/** Modes that are not a bridge of the user's. */
const SPECIAL = /^(?:none|host|bridge|default|nat)$|^container:/;

/** True for `bridge` and for networks that users made: those whose endpoints can be configured. */
export function hasOwnEndpoint(networkMode: string): boolean {
  return networkMode === 'bridge' || !SPECIAL.test(networkMode);
}

/** True if the container gets a network namespace of its own. Compat: moby's `NetworkMode.IsPrivate`. */
export function hasOwnNamespace(networkMode: string): boolean {
  return networkMode !== 'host' && !networkMode.startsWith('container:');
}

/**
 * The settings of the endpoint that `NetworkMode` means; made if there are none at all. Throws `invalid` if there are
 * some, but under another key. Compat: moby's `epConfigForNetMode`.
 */
export function mainEndpoint(body: CreateBody, version: ApiVersion): Partial<EndpointSettings> {
  const { EndpointsConfig } = body.networkingConfig;
  const name = body.hostConfig.NetworkMode;
  const given = Object.values(EndpointsConfig);
  if (given.length === 0) {
    const made: Partial<EndpointSettings> = {};
    EndpointsConfig[name] = made;
    return made;
  }
  const found = version.below('1.44') ? given[0] : EndpointsConfig[name];
  if (found) return found;
  throw new EngineError(
    'invalid',
    'HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks',
  );
}
