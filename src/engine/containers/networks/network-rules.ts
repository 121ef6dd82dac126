import { EngineError } from '../../../base/mod.ts';
import { parsePrefix, prefixContains } from '../../../net/mod.ts';
import type { EndpointSettings } from '../../../spec/docker/mod.ts';
import type { EngineNetwork } from '../../networks/mod.ts';
import { isUserDefined } from '../request/network-mode.ts';
import { endpointFaults } from '../request/validate-network.ts';

/** Compat: moby `runconfig`: what a namespace that is shared, or has no network, cannot do. */
export const SHARED_NAMESPACE =
  'container sharing network namespace with another container or host cannot be connected to any other network';
export const HOST_NETWORK = 'container cannot be disconnected from host network or connected to host network';
const NO_NETWORK =
  'container cannot be connected to multiple networks with one of the networks in private (none) mode';

/** Why a container cannot be in both networks; undefined if it can. */
export function conflictBetween(
  one: Pick<EngineNetwork, 'driver'>,
  other: Pick<EngineNetwork, 'driver'>,
): EngineError | undefined {
  const drivers = [one.driver, other.driver];
  if (drivers.includes('host')) return new EngineError('invalid', SHARED_NAMESPACE);
  if (drivers.includes('null')) return new EngineError('invalid', NO_NETWORK);
  return undefined;
}

/**
 * Checks an endpoint's settings against the network that they are for; all that is wrong is said at once. Compat: moby
 * `validateEndpointSettings`.
 */
export function checkEndpoint(network: EngineNetwork, settings: Partial<EndpointSettings>): void {
  const { IPv4Address = '', IPv6Address = '' } = settings.IPAMConfig ?? {};
  const wrong = [
    ...endpointFaults(settings, isUserDefined(network.name)),
    ...rangeFaults(network, IPv4Address, 4),
    ...rangeFaults(network, IPv6Address, 6),
  ];
  if (wrong.length > 0) {
    throw new EngineError('invalid', `invalid endpoint settings:\n${wrong.join('\n')}`);
  }
}

function rangeFaults({ askedSubnets }: EngineNetwork, address: string, family: 4 | 6): string[] {
  const parsed = address === '' ? undefined : parsePrefix(`${address}/${family === 4 ? 32 : 128}`);
  if (!parsed) return [];
  const subnets = askedSubnets
    .flatMap((text) => parsePrefix(text) ?? [])
    .filter((one) => one.family === family);
  if (subnets.length === 0) {
    return [
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    ];
  }
  if (subnets.some((subnet) => prefixContains(subnet, { family, value: parsed.base }))) return [];
  return [`no configured subnet or ip-range contain the IP address ${address}`];
}
