import { errnoOf } from '../../base/mod.ts';
import { addVeth, deleteLink, type Rtnetlink, setBridgePort, setLink, writeSysctl } from '../../sys/mod.ts';
import { filtersBridged } from '../bridge/bridge.ts';
import type { BridgeNetwork, Endpoint } from '../net.ts';
import { bringUp } from './bring-up.ts';
import type { OpenSandbox } from './namespace.ts';

/** `veth` and the first ten digits of the endpoint's id: at most 15 characters may be. */
export function hostInterfaceName(endpointId: string): string {
  return `veth${endpointId.slice(0, 10)}`;
}

export function isHostInterfaceName(name: string): boolean {
  return /^veth[0-9a-f]{10}$/.test(name);
}

/**
 * Joins a sandbox to a bridge: a veth pair, address, and perhaps the default route. On failure the pair may
 * be left; it goes with the namespace.
 */
export function addEndpoint(
  host: Rtnetlink,
  sandbox: OpenSandbox,
  endpoint: Endpoint,
  network: BridgeNetwork,
  options: {
    /** Of which families it has the default route. */
    gateway: { ipv4: boolean; ipv6: boolean };
    /** An address may have had another hardware address before: neighbours are told when it comes up. */
    announce: boolean;
  },
): void {
  const bridge = host.link(network.bridge);
  if (!bridge) throw new Error(`bridge ${network.bridge} is gone`);
  const { hostInterface: name, interface: peer, mac } = endpoint;
  const veth = addVeth({ name, master: bridge.index, netns: sandbox.fd, peer, mac, mtu: network.mtu });
  try {
    host.request(veth);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    // The same endpoint, a moment ago: its namespace is still being taken down.
    removeLeftover(host, name);
    host.request(veth);
  }
  // IPv6 off before they are up: else each makes a link-local address and asks for routers.
  writeSysctl(`ipv6/conf/${name}/disable_ipv6`, '1');
  host.request(portMessage(name, network));
  bringUp(sandbox, endpoint, options);
}

/** Race: the kernel, too, deletes it, at the moment when its namespace is gone. */
function removeLeftover(host: Rtnetlink, name: string): void {
  try {
    host.request(deleteLink(name));
  } catch (error) {
    if (errnoOf(error) !== 'ENODEV') throw error;
  }
}

/**
 * Hairpin: a container reaches itself by its published port. Without icc, the firewall drops what goes from neighbour
 * to neighbour; where it does not see bridged packets, the bridge isolates the ports.
 * Why not: isolation always. Where bridged packets are filtered, a published port of a neighbour is translated before
 * it is bridged, and isolation would drop that too.
 */
function portMessage(name: string, network: BridgeNetwork) {
  return setBridgePort(name, { hairpin: true, isolated: !network.icc && !filtersBridged() });
}

/** Puts an endpoint's veth back on its bridge, where the bridge was made anew; false if there is no such veth. */
export function repairEndpoint(host: Rtnetlink, endpoint: Endpoint, network: BridgeNetwork): boolean {
  const link = host.link(endpoint.hostInterface);
  const bridge = host.link(network.bridge);
  if (!link || !bridge) return false;
  if (link.master !== bridge.index) host.request(setLink(link.index, { master: bridge.index }));
  host.request(portMessage(endpoint.hostInterface, network));
  return true;
}

/**
 * Cuts an endpoint off at once. Why not: deleting the pair blocks for 10 to 50 ms; it goes with its namespace, in the
 * kernel's own time. That its address may be given to another container at once is what taking it down is for.
 */
export function cutEndpoint(host: Rtnetlink, hostInterface: string): void {
  try {
    host.request(setLink(hostInterface, { up: false }));
  } catch (error) {
    if (errnoOf(error) !== 'ENODEV') throw error;
  }
}
