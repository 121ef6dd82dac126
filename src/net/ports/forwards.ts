import type { Publication } from '../firewall/port-elements.ts';
import { parseIpv4 } from '../ipam/address.ts';
import type { PublishedPort } from '../net.ts';
import type { Forward } from './v6-listeners.ts';

/**
 * What listeners of ours serve: published TCP ports that nftables cannot lead to the container. At IPv6 addresses those
 * of a container without one, of "everywhere" only [::1], which is never translated; without rules (`iptables`: false)
 * all of them, as Docker's userland proxy does.
 */
export function forwardsOf(
  { ports, target: ipv4 = '', target6: ipv6 = '' }: Pick<Publication, 'ports' | 'target' | 'target6'>,
  policy: { iptables: boolean; ip6tables: boolean },
): Forward[] {
  if (ipv4 === '' && ipv6 === '') return [];
  const translates6 = policy.iptables && policy.ip6tables && ipv6 !== '';
  const v4 = new Set(ports.filter((port) => port.hostIp === '0.0.0.0').map(keyOf));
  return ports.flatMap((port) => {
    if (port.protocol !== 'tcp') return [];
    const isV4 = parseIpv4(port.hostIp) !== undefined;
    if (isV4 ? policy.iptables : translates6 && !['::', '::1'].includes(port.hostIp)) return [];
    const onlyLoopback = port.hostIp === '::' && policy.iptables && (translates6 || v4.has(keyOf(port)));
    const targetIp = (isV4 || ipv6 === '' ? ipv4 : ipv6) || ipv6;
    return [
      {
        hostIp: onlyLoopback ? '::1' : port.hostIp,
        hostPort: port.hostPort,
        targetIp,
        targetPort: port.containerPort,
      },
    ];
  });
}

function keyOf(port: PublishedPort): string {
  return `${port.hostPort} ${port.containerPort}`;
}
