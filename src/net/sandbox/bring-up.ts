import {
  addAddress,
  addDefaultRoute,
  type Link,
  setLink,
  visitNamespace,
  writeSysctl,
} from '../../sys/mod.ts';
import type { Endpoint } from '../net.ts';
import { ipv6Messages, setIpv6Inside } from './endpoint-ipv6.ts';
import type { OpenSandbox } from './namespace.ts';

/**
 * Brings an endpoint's interface up that was just made in a sandbox: addresses, and the default routes of the families
 * in `gateway`. `announce`: neighbours may remember another hardware address, and are told when it comes up.
 */
export function bringUp(
  sandbox: OpenSandbox,
  endpoint: Endpoint,
  { gateway, announce }: { gateway: { ipv4: boolean; ipv6: boolean }; announce: boolean },
): Link {
  const { interface: name, ipv4, ipv6, prefixLength } = endpoint;
  visitNamespace(sandbox.fd, () => {
    setIpv6Inside(name, { wanted: ipv6 !== undefined, announce });
    if (announce) writeSysctl(`ipv4/conf/${name}/arp_notify`, '1');
  });
  const inside = sandbox.inside.link(name);
  if (!inside) throw new Error(`interface ${name} is gone`);
  const { index } = inside;
  sandbox.inside.request(
    ...(ipv4 === '' ? [] : [addAddress({ index, address: ipv4, prefixLength })]),
    setLink(index, { up: true }),
    ...(gateway.ipv4 ? [addDefaultRoute(index, endpoint.gateway)] : []),
    ...ipv6Messages(index, endpoint, { routed: gateway.ipv6, announce }),
  );
  return inside;
}
