import { formatIpv4, parseIpv4, parseIpv6 } from './address.ts';

export type Family = 4 | 6;

/** An address of either family as a number. */
export interface Address {
  family: Family;
  value: bigint;
}

/** A subnet of either family as numbers. */
export interface Prefix {
  family: Family;
  /** The address with all host bits zero. */
  base: bigint;
  length: number;
}

/** How many bits an address has. */
export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

/** undefined if it is neither family's; no zones. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) {
    const value = parseIpv4(text);
    return value === undefined ? undefined : { family: 4, value: BigInt(value) };
  }
  const bytes = parseIpv6(text);
  if (!bytes) return undefined;
  return { family: 6, value: (bytes.readBigUInt64BE(0) << 64n) | bytes.readBigUInt64BE(8) };
}

/** Its four or sixteen bytes; undefined if it is neither family's. */
export function addressBytes(text: string): Buffer | undefined {
  if (text.includes(':')) return parseIpv6(text);
  const value = parseIpv4(text);
  if (value === undefined) return undefined;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/**
 * `fd00::/64`, or an address in it with the length, which is given as `address`; undefined if it is not of that form.
 * Compat: Go's netip.ParsePrefix, which takes neither zones nor leading zeros in the length.
 */
export function parsePrefix(text: string): (Prefix & { address: bigint }) | undefined {
  const slash = text.indexOf('/');
  const bits = text.slice(slash + 1);
  const address = slash < 0 ? undefined : parseAddress(text.slice(0, slash));
  if (!address || !/^(0|[1-9]\d{0,2})$/.test(bits)) return undefined;
  const { family, value } = address;
  const length = Number(bits);
  if (length > bitsOf(family)) return undefined;
  return { family, base: baseOf(family, value, length), length, address: value };
}

/** The subnet of this length that an address is in. */
export function baseOf(family: Family, value: bigint, length: number): bigint {
  const host = BigInt(bitsOf(family) - length);
  return (value >> host) << host;
}

/** The highest address. */
export function lastOf({ family, base, length }: Prefix): bigint {
  return base + (1n << BigInt(bitsOf(family) - length)) - 1n;
}

export function contains(prefix: Prefix, { family, value }: Address): boolean {
  return family === prefix.family && value >= prefix.base && value <= lastOf(prefix);
}

export function overlap(a: Prefix, b: Prefix): boolean {
  return a.family === b.family && a.base <= lastOf(b) && b.base <= lastOf(a);
}

export function formatPrefix({ family, base, length }: Prefix): string {
  return `${formatAddress({ family, value: base })}/${length}`;
}

/** Spec: RFC 5952 for IPv6: lower case, the longest run of at least two zero groups shortened. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return formatIpv4(Number(value));
  if (value >> 32n === 0xffffn) return `::ffff:${formatIpv4(Number(value & 0xffffffffn))}`;
  const groups = Array.from({ length: 8 }, (_, index) =>
    Number((value >> BigInt(112 - index * 16)) & 0xffffn),
  );
  const run = longestZeros(groups);
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return text(groups);
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
    start += length;
  }
  return best;
}
