import { concat, type SetChange, type SetElement } from '../../sys/mod.ts';
import { ipv4Bytes, parseSubnet } from '../ipam/address.ts';
import type { BridgeNetwork, PublishedPort } from '../net.ts';

/** Elements of the sets in `ruleset.ts`, as the kernel wants them. Pure. */

const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;

export function protocolNumber(protocol: PublishedPort['protocol']): number {
  return PROTOCOLS[protocol];
}

type SetAndElements = { set: string; elements: SetElement[] };

/** What the firewall knows of a bridge: all its sets, empty ones too, so that a change of options can be seen. */
export function bridgeElements(network: BridgeNetwork): SetAndElements[] {
  const name = Buffer.alloc(16);
  name.write(network.bridge);
  const subnet = parseSubnet(network.subnet);
  if (!subnet) throw new RangeError(`invalid subnet ${network.subnet}`);
  const first = numberBytes(subnet.base);
  const last = numberBytes(subnet.base + subnet.size - 1);
  const natted: SetElement[] = [{ key: first }];
  const after = subnet.base + subnet.size;
  if (after < 2 ** 32) natted.push({ key: numberBytes(after), intervalEnd: true });
  return [
    { set: 'bridges', elements: [{ key: name }] },
    { set: 'internal', elements: network.internal ? [{ key: name }] : [] },
    { set: 'icc', elements: network.icc ? [{ key: concat(name, name) }] : [] },
    { set: 'home', elements: [{ key: concat(name, first), keyEnd: concat(name, last) }] },
    { set: 'natted', elements: network.masquerade && !network.internal ? natted : [] },
  ];
}

/** One published port at a container's address; nothing for an IPv6 one, which a listener serves. */
export function portElements(port: PublishedPort, target: string, comment: string): SetAndElements[] {
  if (port.hostIp.includes(':')) return [];
  const protocol = Buffer.of(protocolNumber(port.protocol));
  const data = concat(ipv4Bytes(target), portBytes(port.containerPort));
  const key = concat(protocol, portBytes(port.hostPort));
  if (port.hostIp === '0.0.0.0') return [{ set: 'publish_any', elements: [{ key, data, comment }] }];
  const exact = concat(ipv4Bytes(port.hostIp), key);
  return [{ set: 'publish', elements: [{ key: exact, data, comment }] }];
}

/** Gathers elements by their set, so that there is one change for each. */
export function changesOf(change: 'add' | 'delete', parts: readonly SetAndElements[]): SetChange[] {
  const bySet = new Map<string, SetElement[]>();
  for (const { set, elements } of parts) {
    const known = bySet.get(set);
    if (known) known.push(...elements);
    else if (elements.length > 0) bySet.set(set, [...elements]);
  }
  return [...bySet].map(([set, elements]) => ({ change, set, elements }));
}

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function portBytes(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(port);
  return bytes;
}
