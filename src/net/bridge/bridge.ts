import { existsSync } from 'node:fs';
import { EngineError } from '../../base/mod.ts';
import {
  addAddress,
  addBridge,
  deleteLink,
  filterBridgedPackets,
  type Link,
  Rtnetlink,
  setLink,
  writeSysctl,
} from '../../sys/mod.ts';
import { parseIpv4, parseSubnet } from '../ipam/address.ts';
import { randomMac } from '../ipam/mac.ts';
import type { BridgeNetwork } from '../net.ts';

/** Makes or repairs the interface of a bridge network, and gives it. */
export function ensureBridgeLink(rtnetlink: Rtnetlink, network: BridgeNetwork): Link {
  const { bridge, gateway, mtu } = network;
  const subnet = parseSubnet(network.subnet);
  // The name also goes into paths and into text for nft.
  if (!/^[\w.-]{1,15}$/.test(bridge) || /^\.+$/.test(bridge)) {
    throw new EngineError('invalid', `invalid bridge name ${JSON.stringify(bridge)}`);
  }
  if (!subnet || parseIpv4(gateway) === undefined) {
    throw new EngineError('invalid', `invalid subnet ${network.subnet} or gateway ${gateway}`);
  }
  let link = rtnetlink.link(bridge);
  if (!link) {
    rtnetlink.request(addBridge(bridge, randomMac(), mtu));
    link = rtnetlink.link(bridge);
  }
  if (!link) throw new EngineError('internal', `bridge ${bridge} is gone`);
  if (link.kind !== 'bridge') throw new EngineError('conflict', `interface ${bridge} is not a bridge`);
  const { index } = link;
  // For published ports at 127.0.0.1; what this opens, the firewall's chain `guard` closes.
  writeSysctl(`ipv4/conf/${bridge}/route_localnet`, '1');
  // Compat: a network without IPv6 has none on its bridge either.
  writeSysctl(`ipv6/conf/${bridge}/accept_ra`, '0');
  writeSysctl(`ipv6/conf/${bridge}/disable_ipv6`, '1');
  const has = rtnetlink.addresses().some((each) => each.index === index && each.address === gateway);
  if (!has) rtnetlink.request(addAddress({ index, address: gateway, prefixLength: subnet.prefixLength }));
  const change = { up: true, ...(mtu !== undefined && mtu !== link.mtu && { mtu }) };
  if (!link.up || 'mtu' in change) rtnetlink.request(setLink(index, change));
  if (!network.icc && filtersBridged()) rtnetlink.request(filterBridgedPackets(index));
  return link;
}

/** Whether the kernel can pass bridged packets through the firewall (the module br_netfilter is there). */
export function filtersBridged(): boolean {
  return existsSync('/proc/sys/net/bridge');
}

/** Removes links, aside from the main thread: it takes the kernel 10 to 60 ms each. Missing ones are no error. */
export function removeLinks(names: readonly string[]): Promise<void> {
  const removed = removals.then(() => removeInTurn(names));
  removals = removed.catch(() => {});
  return removed;
}

/** One after another: two blocked calls would hold up the whole pool of threads. */
let removals: Promise<void> = Promise.resolve();

async function removeInTurn(names: readonly string[]): Promise<void> {
  using rtnetlink = new Rtnetlink();
  for (const name of names) {
    const link = rtnetlink.link(name);
    if (!link) continue;
    try {
      await rtnetlink.requestSlowly(deleteLink(link.index));
    } catch (error) {
      if (rtnetlink.link(name)) throw error;
    }
  }
}
