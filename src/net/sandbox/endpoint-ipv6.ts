import { addAddress, addDefaultRoute, type NetlinkMessage, writeSysctl } from '../../sys/mod.ts';
import { addressBytes } from '../ipam/prefix.ts';
import type { Endpoint } from '../net.ts';

/**
 * The switches of an interface before it comes up; to be run in the sandbox's namespace. With IPv6: no duplicate
 * address detection, since we know who has which address, and what is bound at once must be usable at once; and no
 * router advertisements, by which one container would take over another's routes.
 */
export function setIpv6Inside(
  name: string,
  { wanted, announce }: { wanted: boolean; announce: boolean },
): void {
  if (wanted) {
    writeSysctl(`ipv6/conf/${name}/accept_ra`, '0');
    writeSysctl(`ipv6/conf/${name}/accept_dad`, '0');
    if (announce) writeSysctl(`ipv6/conf/${name}/ndisc_notify`, '1');
  }
  writeSysctl(`ipv6/conf/${name}/disable_ipv6`, wanted ? '0' : '1');
}

/**
 * The IPv6 half of an endpoint, once its interface is up: the kernel drops routes of one that is down. An address to be
 * announced goes through the kernel's detection, which `accept_dad` cuts short: an unsolicited advertisement is its
 * end.
 */
export function ipv6Messages(
  index: number,
  { ipv6, ipv6PrefixLength = 64, ipv6Gateway }: Endpoint,
  { routed, announce }: { routed: boolean; announce: boolean },
): NetlinkMessage[] {
  const address = ipv6 === undefined ? undefined : addressBytes(ipv6);
  if (!address) return [];
  const gateway = addressBytes(ipv6Gateway ?? '');
  return [
    addAddress({ index, address, prefixLength: ipv6PrefixLength }, { checked: !announce }),
    ...(gateway && routed ? [addDefaultRoute(index, gateway)] : []),
  ];
}
