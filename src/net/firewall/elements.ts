import { concat, type SetChange, type SetElement } from '../../sys/mod.ts';
import { parseIpv6, parseSubnet } from '../ipam/address.ts';
import type { BridgeNetwork } from '../net.ts';

/** Elements of the sets in `ruleset.ts`, as the kernel wants them, and what changes one state into another. Pure. */

export type SetAndElements = { set: string; elements: SetElement[] };

/** What the firewall knows of a bridge: all its sets, empty ones too, so that a change of options can be seen. */
export function bridgeElements(network: BridgeNetwork): SetAndElements[] {
  const { internal, icc, gatewayModeIpv4: mode4 = 'nat', gatewayModeIpv6: mode6 = 'nat' } = network;
  const name = ifname(network.bridge);
  const when = (condition: boolean): SetElement[] => (condition ? [{ key: name }] : []);
  const ipv4 = network.subnet === '' ? undefined : rangeOf(network.subnet);
  const ipv6 = network.ipv6 && rangeOf(network.ipv6.subnet);
  return [
    { set: 'bridges', elements: [{ key: name }] },
    { set: 'internal', elements: when(internal) },
    { set: 'icc', elements: icc ? [{ key: concat(name, name) }] : [] },
    { set: 'home', elements: ipv4 ? [homeElement(name, ipv4)] : [] },
    { set: 'home6', elements: ipv6 ? [homeElement(name, ipv6)] : [] },
    { set: 'natted', elements: ipv4 && masquerades(network, mode4) ? nattedElements(ipv4) : [] },
    { set: 'natted6', elements: ipv6 && masquerades(network, mode6) ? nattedElements(ipv6) : [] },
    { set: 'open', elements: when(mode4 === 'nat-unprotected') },
    { set: 'open6', elements: when(mode6 === 'nat-unprotected') },
    { set: 'routed', elements: when(mode4 === 'routed') },
    { set: 'routed6', elements: when(mode6 === 'routed') },
    {
      set: 'trusted',
      elements: (network.trustedInterfaces ?? []).map((from) => ({ key: concat(ifname(from), name) })),
    },
  ];
}

function masquerades({ masquerade, internal }: BridgeNetwork, mode: string): boolean {
  return masquerade && !internal && (mode === 'nat' || mode === 'nat-unprotected');
}

function homeElement(name: Buffer, { first, last }: { first: Buffer; last: Buffer }): SetElement {
  return { key: concat(name, first), keyEnd: concat(name, last) };
}

/** An interval of a set of one field is its first key and, unless it reaches to the last address, an end behind it. */
function nattedElements({ first, last }: { first: Buffer; last: Buffer }): SetElement[] {
  const after = Buffer.from(last);
  for (let at = after.length - 1; at >= 0; at--) {
    const next = ((after[at] ?? 0) + 1) & 255;
    after[at] = next;
    if (next !== 0) return [{ key: first }, { key: after, intervalEnd: true }];
  }
  return [{ key: first }];
}

/** First and last address of a subnet of either family. */
function rangeOf(subnet: string): { first: Buffer; last: Buffer } {
  const v4 = parseSubnet(subnet);
  if (v4) return { first: numberBytes(v4.base), last: numberBytes(v4.base + v4.size - 1) };
  const [address = '', length = ''] = subnet.split('/');
  const bytes = parseIpv6(address);
  if (!bytes || !/^\d{1,3}$/.test(length) || Number(length) > 128)
    throw new RangeError(`invalid subnet ${subnet}`);
  const first = Buffer.from(bytes);
  const last = Buffer.from(bytes);
  for (let bit = Number(length); bit < 128; bit++) {
    const mask = 128 >> (bit & 7);
    first[bit >> 3] = (first[bit >> 3] ?? 0) & ~mask;
    last[bit >> 3] = (last[bit >> 3] ?? 0) | mask;
  }
  return { first, last };
}

function ifname(name: string): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.write(name);
  return bytes;
}

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Gathers elements by their set, so that there is one change for each. */
export function changesOf(change: 'add' | 'delete', parts: readonly SetAndElements[]): SetChange[] {
  return [...bySet(parts)].map(([set, elements]) => ({ change, set, elements }));
}

export function bySet(parts: readonly SetAndElements[]): Map<string, SetElement[]> {
  const sets = new Map<string, SetElement[]>();
  for (const { set, elements } of parts) {
    const known = sets.get(set);
    if (known) for (const element of elements) known.push(element);
    else if (elements.length > 0) sets.set(set, [...elements]);
  }
  return sets;
}

/** What makes a set that has `there` have `wanted`: deletions first, since a key has one value only. */
export function difference(
  set: string,
  there: readonly SetElement[],
  wanted: readonly SetElement[],
): SetChange[] {
  const isThere = new Set(there.map(identity));
  const isWanted = new Set(wanted.map(identity));
  const surplus = there.filter((element) => !isWanted.has(identity(element)));
  const missing = wanted.filter((element) => !isThere.has(identity(element)));
  return [
    ...(surplus.length > 0 ? [{ change: 'delete', set, elements: inOrder(surplus) } as const] : []),
    ...(missing.length > 0 ? [{ change: 'add', set, elements: missing } as const] : []),
  ];
}

/** As `difference`, of all sets that stand on either side. */
export function differences(
  there: ReadonlyMap<string, readonly SetElement[]>,
  wanted: ReadonlyMap<string, readonly SetElement[]>,
): SetChange[] {
  const sets = new Set([...wanted.keys(), ...there.keys()]);
  return [...sets].flatMap((set) => difference(set, there.get(set) ?? [], wanted.get(set) ?? []));
}

/** Of a set of one field the kernel deletes an interval only start first, and lists it end first. */
function inOrder(elements: SetElement[]): SetElement[] {
  if (!elements.some(({ intervalEnd }) => intervalEnd)) return elements;
  return elements.sort((a, b) => a.key.compare(b.key) || (a.intervalEnd ? -1 : 1));
}

/** What tells elements of one set apart. */
export function identity({ key, keyEnd, data, intervalEnd }: SetElement): string {
  const end = keyEnd && !keyEnd.equals(key) ? keyEnd.toString('hex') : '';
  return `${key.toString('hex')}-${end}${intervalEnd ? '|' : ''}=${data?.toString('hex') ?? ''}`;
}
