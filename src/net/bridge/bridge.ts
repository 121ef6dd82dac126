import { existsSync } from 'node:fs';
import { EngineError } from '../../base/mod.ts';
import {
  addAddress,
  addBridge,
  deleteAddress,
  deleteLink,
  filterBridgedPackets,
  type Link,
  Rtnetlink,
  setLink,
  writeSysctl,
} from '../../sys/mod.ts';
import { macOfNetwork } from '../ipam/mac.ts';
import { addressBytes, parsePrefix } from '../ipam/prefix.ts';
import type { BridgeNetwork } from '../net.ts';

/** Makes or repairs the interface of a bridge network, and gives it. */
export function ensureBridgeLink(rtnetlink: Rtnetlink, network: BridgeNetwork): Link {
  const { bridge, mtu } = network;
  if (!isBridgeName(bridge)) {
    throw new EngineError('invalid', `invalid bridge name ${JSON.stringify(bridge)}`);
  }
  const addresses = addressesOf(network);
  let link = rtnetlink.link(bridge);
  if (!link) {
    rtnetlink.request(addBridge(bridge, macOfNetwork(network.id), mtu));
    link = rtnetlink.link(bridge);
  }
  if (!link) throw new EngineError('internal', `bridge ${bridge} is gone`);
  if (link.kind !== 'bridge')
    throw new EngineError('conflict', `existing interface ${bridge} is not a bridge`);
  const { index } = link;
  // For published ports at 127.0.0.1; what this opens, the firewall's chain `guard` closes.
  writeSysctl(`ipv4/conf/${bridge}/route_localnet`, '1');
  prepareIpv6(bridge, network.ipv6 !== undefined);
  addMissing(rtnetlink, index, addresses);
  const change = { up: true, ...(mtu !== undefined && mtu !== link.mtu && { mtu }) };
  if (!link.up || 'mtu' in change) rtnetlink.request(setLink(index, change));
  if (!network.icc && filtersBridged()) rtnetlink.request(filterBridgedPackets(index));
  return link;
}

/** Whether an interface can have this name. Stricter than the kernel: it also goes into paths and into text for nft. */
export function isBridgeName(name: string): boolean {
  return /^[\w.-]{1,15}$/.test(name) && !/^\.+$/.test(name);
}

interface BridgeAddress {
  bytes: Buffer;
  prefixLength: number;
}

/** Compat: a bridge with IPv6 has fe80::1 too (moby `getRequiredIPv6Addrs`). */
function addressesOf({ subnet, gateway, ipv6, inhibitIpv4 }: BridgeNetwork): BridgeAddress[] {
  const pools = [...(subnet === '' || inhibitIpv4 ? [] : [{ subnet, gateway }]), ...(ipv6 ? [ipv6] : [])];
  const wanted = pools.map((pool) => {
    const prefixLength = parsePrefix(pool.subnet)?.length;
    const bytes = addressBytes(pool.gateway);
    if (prefixLength === undefined || !bytes) {
      throw new EngineError('invalid', `invalid subnet ${pool.subnet} or gateway ${pool.gateway}`);
    }
    return { bytes, prefixLength };
  });
  if (ipv6) wanted.push({ bytes: LINK_LOCAL, prefixLength: 64 });
  return wanted;
}

const LINK_LOCAL = Buffer.from('fe800000000000000000000000000001', 'hex');

/** Before the first address: neither routers are listened to, nor is a link-local address made of the hardware's. */
function prepareIpv6(bridge: string, wanted: boolean): void {
  writeSysctl(`ipv6/conf/${bridge}/accept_ra`, '0');
  if (wanted) writeSysctl(`ipv6/conf/${bridge}/addr_gen_mode`, '1');
  // Compat: a network without IPv6 has none on its bridge either.
  const name = `ipv6/conf/${bridge}/disable_ipv6`;
  if (writeSysctl(name, wanted ? '0' : '1') || !wanted) return;
  throw new EngineError(
    'internal',
    `Cannot read IPv6 setup for bridge ${bridge}: open /proc/sys/net/${name}: no such file or directory`,
  );
}

function addMissing(rtnetlink: Rtnetlink, index: number, wanted: readonly BridgeAddress[]): void {
  const found = rtnetlink.addresses().filter((each) => each.index === index);
  for (const { bytes, prefixLength } of wanted) {
    const same = found.find((each) => each.bytes.equals(bytes));
    if (same && !same.duplicate) continue;
    const address = { index, address: bytes, prefixLength };
    // One that the kernel gave up since another host seemed to have it would stay unusable.
    if (same) rtnetlink.request(deleteAddress({ ...address, prefixLength: same.prefixLength }));
    rtnetlink.request(addAddress(address, { checked: true }));
  }
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
