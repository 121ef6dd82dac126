import type { BridgeNetwork, Endpoint, Pool } from '../net.ts';
import type { AddressPool } from './address-pool.ts';
import { parsePrefix } from './prefix.ts';

/** What an endpoint has of each family that the network has. On failure nothing is allocated. */
export type EndpointAddresses = Pick<
  Endpoint,
  'ipv4' | 'prefixLength' | 'gateway' | 'ipv6' | 'ipv6PrefixLength' | 'ipv6Gateway'
>;

export function allocateAddresses(
  addresses: AddressPool,
  network: BridgeNetwork,
  owner: string,
  wanted: { ipv4?: string | undefined; ipv6?: string | undefined },
): EndpointAddresses {
  const { id, name, ipv6, internal } = network;
  // Compat: who is on an internal network has no way out.
  const routerOf = ({ router, gateway }: Pick<Pool, 'router' | 'gateway'>) =>
    internal ? '' : (router ?? gateway);
  const none = { ipv4: '', prefixLength: 0, gateway: '' };
  const v4 =
    network.subnet === ''
      ? none
      : {
          ipv4: addresses.allocate(network, owner, wanted.ipv4),
          prefixLength: parsePrefix(network.subnet)?.length ?? 32,
          gateway: routerOf(network),
        };
  if (!ipv6) return v4;
  try {
    return {
      ...v4,
      ipv6: addresses.allocate({ id, name, ...ipv6 }, owner, wanted.ipv6),
      ipv6PrefixLength: parsePrefix(ipv6.subnet)?.length ?? 128,
      ipv6Gateway: routerOf(ipv6),
    };
  } catch (error) {
    addresses.release(id, v4.ipv4, owner);
    throw error;
  }
}
