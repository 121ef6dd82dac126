import { EngineError } from '../../base/mod.ts';
import {
  addIpvlan,
  addMacvlan,
  errnoWords,
  isIpvlanFlag,
  isIpvlanMode,
  isMacvlanMode,
  type NetlinkMessage,
  type Rtnetlink,
  SysError,
} from '../../sys/mod.ts';
import type { Endpoint, LinkNetwork } from '../net.ts';
import { bringUp } from '../sandbox/bring-up.ts';
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
  // Neighbours outside may remember another hardware address.
  return bringUp(sandbox, endpoint, { gateway: options.gateway, announce: true }).mac;
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
