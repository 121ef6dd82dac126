import { EngineError } from '../../base/mod.ts';
import {
  addAddress,
  addDefaultRoute,
  addIpvlan,
  addMacvlan,
  errnoWords,
  isIpvlanFlag,
  isIpvlanMode,
  isMacvlanMode,
  type NetlinkMessage,
  type Rtnetlink,
  SysError,
  setLink,
  visitNamespace,
  writeSysctl,
} from '../../sys/mod.ts';
import type { Endpoint, LinkNetwork } from '../net.ts';
import { ipv6Messages, setIpv6Inside } from '../sandbox/endpoint-ipv6.ts';
import type { OpenSandbox } from '../sandbox/namespace.ts';
import { findLink, parentOf } from './parent.ts';

/**
 * Joins a sandbox to a macvlan or ipvlan network: the interface is made straight in the sandbox, so nothing of it is
 * ever on the host. Gives its hardware address: the one asked for, or what the kernel chose. On failure the link may be
 * left; it goes with the namespace.
 */
export function addLinkEndpoint(
  host: Rtnetlink,
  sandbox: OpenSandbox,
  endpoint: Endpoint,
  network: LinkNetwork,
  options: { gateway: { ipv4: boolean; ipv6: boolean } },
): string {
  const { interface: name } = endpoint;
  const parent = findLink(host, parentOf(network));
  if (!parent) {
    refuse(`the requested parent interface ${parentOf(network)} was not found on the Docker host`);
  }
  try {
    host.request(linkMessage(sandbox, parent.index, endpoint, network));
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    // Compat: moby's createMacVlan. Only one kind can stand on an interface, and only one link of mode passthru.
    refuse(`failed to create the ${network.driver} port: ${errnoWords(error.errno)}`);
  }
  visitNamespace(sandbox.fd, () => {
    // Neighbours outside may remember another hardware address.
    setIpv6Inside(name, { wanted: endpoint.ipv6 !== undefined, announce: true });
    writeSysctl(`ipv4/conf/${name}/arp_notify`, '1');
  });
  const inside = sandbox.inside.link(name);
  if (!inside) throw new Error(`interface ${name} is gone`);
  const { index } = inside;
  const { ipv4, prefixLength, gateway } = endpoint;
  sandbox.inside.request(
    ...(ipv4 === '' ? [] : [addAddress({ index, address: ipv4, prefixLength })]),
    setLink(index, { up: true }),
    ...(options.gateway.ipv4 ? [addDefaultRoute(index, gateway)] : []),
    ...ipv6Messages(index, endpoint, { routed: options.gateway.ipv6, announce: true }),
  );
  return inside.mac;
}

function linkMessage(
  sandbox: OpenSandbox,
  parent: number,
  { interface: name, mac }: Endpoint,
  { driver, mode, flag = 'bridge', mtu }: LinkNetwork,
): NetlinkMessage {
  const link = { name, parent, netns: sandbox.fd, mtu };
  if (driver === 'macvlan' && isMacvlanMode(mode))
    return addMacvlan({ ...link, mode, mac: mac || undefined });
  if (driver === 'ipvlan' && isIpvlanMode(mode) && isIpvlanFlag(flag))
    return addIpvlan({ ...link, mode, flag });
  throw new EngineError('internal', `${driver} mode ${mode} ${flag}`);
}

function refuse(sentence: string): never {
  throw new EngineError('internal', sentence);
}
