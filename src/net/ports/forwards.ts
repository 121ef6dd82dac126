import { parseIpv4 } from '../ipam/address.ts';
import type { PublishedPort } from '../net.ts';
import type { Forward } from './v6-listeners.ts';

/** What our own IPv6 listeners serve: of "everywhere" only [::1]. */
export function forwardsOf(ports: readonly PublishedPort[], targetIp: string): Forward[] {
  const v4 = new Set(ports.filter((port) => port.hostIp === '0.0.0.0').map(keyOf));
  return ports
    .filter((port) => port.protocol === 'tcp' && parseIpv4(port.hostIp) === undefined)
    .map((port) => ({
      hostIp: port.hostIp === '::' && v4.has(keyOf(port)) ? '::1' : port.hostIp,
      hostPort: port.hostPort,
      targetIp,
      targetPort: port.containerPort,
    }));
}

function keyOf(port: PublishedPort): string {
  return `${port.hostPort} ${port.containerPort}`;
}
