import { errnoOf, type NetworkId } from '../../base/mod.ts';
import { deleteDefaultRoute, replaceDefaultRoute } from '../../sys/mod.ts';
import type { Endpoint, Network } from '../net.ts';
import type { OpenSandbox } from './namespace.ts';

/** The endpoints by which a sandbox reaches what is not its neighbour. Published ports lead to the same ones. */
export interface Gateways {
  ipv4?: Endpoint;
  ipv6?: Endpoint;
}

type Networks = ReadonlyMap<NetworkId, Pick<Network, 'name' | 'internal'>>;
type Candidate = Pick<Endpoint, 'networkId' | 'gateway' | 'ipv6Gateway' | 'gatewayPriority'>;

/**
 * The order in which endpoints are asked whether they have a gateway, which is also that of `eth0`, `eth1`, … of a
 * sandbox that is set up. Compat: libnetwork `Endpoint.Less`: priority, internal ones last, both families before one,
 * names of networks.
 */
export function byGateway(networks: Networks): (a: Candidate, b: Candidate) => number {
  const internal = ({ networkId }: Candidate) => (networks.get(networkId)?.internal ? 1 : 0);
  const families = ({ gateway, ipv6Gateway }: Candidate) => (gateway ? 1 : 0) + (ipv6Gateway ? 2 : 0);
  const name = ({ networkId }: Candidate) => networks.get(networkId)?.name ?? '';
  return (a, b) =>
    (b.gatewayPriority ?? 0) - (a.gatewayPriority ?? 0) ||
    internal(a) - internal(b) ||
    families(b) - families(a) ||
    (name(a) < name(b) ? -1 : 1);
}

/** Compat: each family has its own; an endpoint of an internal network has no gateway. */
export function gatewaysOf(endpoints: readonly Endpoint[], networks: Networks): Gateways {
  if (endpoints.length === 0) return {};
  const ordered = endpoints.length === 1 ? endpoints : [...endpoints].sort(byGateway(networks));
  const ipv4 = ordered.find(({ gateway }) => gateway !== '');
  const ipv6 = ordered.find(({ ipv6Gateway }) => ipv6Gateway);
  return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
}

/** Points the default route of a running sandbox at its gateway, or takes it away where there is none. */
export function setDefaultRoutes({ inside }: OpenSandbox, { ipv4 }: Gateways): void {
  const link = ipv4 && inside.link(ipv4.interface);
  try {
    inside.request(link ? replaceDefaultRoute(link.index, ipv4.gateway) : deleteDefaultRoute());
  } catch (error) {
    if (link || errnoOf(error) !== 'ESRCH') throw error;
  }
}
