import { parseIpv4 } from '../ipam/address.ts';
import type { PublishedPort, Sandbox } from '../net.ts';
import type { Forward } from './v6-listeners.ts';

/** What our own IPv6 listeners serve: of "everywhere" only [::1]. */
export function forwardsOf(sandbox: Sandbox): Forward[] {
  const targetIp = sandbox.endpoints[0]?.ipv4;
  if (targetIp === undefined) return [];
  const v4 = new Set(sandbox.ports.filter((port) => port.hostIp === '0.0.0.0').map(keyOf));
  return sandbox.ports
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
