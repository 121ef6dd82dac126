import { errnoOf, type NetworkId } from '../../base/mod.ts';
import { deleteDefaultRoute, type Rtnetlink, replaceDefaultRoute } from '../../sys/mod.ts';
import { addressBytes } from '../ipam/prefix.ts';
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

/** Points the default routes of a running sandbox at its gateways, or takes them away where there is none. */
export function setDefaultRoutes({ inside }: OpenSandbox, { ipv4, ipv6 }: Gateways): void {
  setDefaultRoute(inside, 4, ipv4?.interface, ipv4?.gateway);
  setDefaultRoute(inside, 6, ipv6?.interface, ipv6?.ipv6Gateway);
}

function setDefaultRoute(
  inside: Rtnetlink,
  family: 4 | 6,
  name: string | undefined,
  gateway: string | undefined,
): void {
  const link = name === undefined ? undefined : inside.link(name);
  const bytes = addressBytes(gateway ?? '');
  const wanted = link !== undefined && bytes !== undefined;
  try {
    inside.request(wanted ? replaceDefaultRoute(link.index, bytes) : deleteDefaultRoute(family));
  } catch (error) {
    // There is none; or the kernel has no IPv6.
    if (wanted || !['ESRCH', 'ENOTSUP', 'EAFNOSUPPORT'].includes(errnoOf(error) ?? '')) throw error;
  }
}
