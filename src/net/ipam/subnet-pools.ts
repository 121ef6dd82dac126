import { createHash } from 'node:crypto';
import { EngineError } from '../../base/mod.ts';
import {
  type Address,
  bitsOf,
  type Family,
  formatPrefix,
  lastOf,
  type Prefix,
  parsePrefix,
} from './prefix.ts';

/** One entry of `default-address-pools`: networks with prefixes of length `size` are cut out of `base`. */
export interface AddressPoolSetting {
  /** CIDR. */
  base: string;
  size: number;
}

interface Pool extends Prefix {
  size: number;
}

/** Where the subnets of networks come from that name none; in the order in which they are used up. */
export type SubnetPools = Readonly<Record<Family, readonly Pool[]>>;

/**
 * Compat: first what Docker has (moby libnetwork/ipamutils), in its order, so that the first networks get what they
 * get there. It ends at 31 networks; ours go on with 32,768 more, from the half of 10.0.0.0/8 that fewer sites use.
 */
const DEFAULTS: readonly AddressPoolSetting[] = [
  { base: '172.17.0.0/16', size: 16 },
  { base: '172.18.0.0/16', size: 16 },
  { base: '172.19.0.0/16', size: 16 },
  { base: '172.20.0.0/14', size: 16 },
  { base: '172.24.0.0/14', size: 16 },
  { base: '172.28.0.0/14', size: 16 },
  { base: '192.168.0.0/16', size: 20 },
  { base: '10.128.0.0/9', size: 24 },
];

/**
 * The pools of a daemon: those of its configuration, else the defaults; where no IPv6 pool is configured, a /48 of
 * unique local addresses, its own and always the same.
 * Compat: configured pools are used in the order of their addresses, and one that lies in another is left out (moby
 * defaultipam `newAddrSpace`). Throws `invalid` in its words.
 */
export function subnetPools(configured: readonly AddressPoolSetting[], daemonId: string): SubnetPools {
  const pools = configured.map(toPool);
  const ordered = (family: Family) => withoutNested(pools.filter((pool) => pool.family === family));
  const v6 = ordered(6);
  return {
    4: configured.length > 0 ? ordered(4) : DEFAULTS.map(toPool),
    6: v6.length > 0 ? v6 : [{ family: 6, base: uniqueLocal(daemonId), length: 48, size: 64 }],
  };
}

function toPool({ base, size }: AddressPoolSetting, index: number): Pool {
  const prefix = parsePrefix(base);
  const what = `network at index ${index} ({${base} ${size}})`;
  if (!prefix || !Number.isInteger(size) || size <= 0) {
    throw new EngineError(
      'invalid',
      `could not construct local address space: ${what} is not in canonical form`,
    );
  }
  const { family, length } = prefix;
  if (length > size) {
    throw new EngineError(
      'invalid',
      `could not construct local address space: ${what} has a smaller prefix (/${length}) than the target size of that pool (/${size})`,
    );
  }
  if (size > bitsOf(family)) throw new EngineError('invalid', `invalid pools size: ${size}`);
  return { family, base: prefix.base, length, size };
}

function withoutNested(pools: Pool[]): Pool[] {
  pools.sort((a, b) => compare(a.base, b.base) || a.length - b.length);
  const kept: Pool[] = [];
  for (const pool of pools) {
    const before = kept.at(-1);
    if (!before || pool.base > lastOf(before)) kept.push(pool);
  }
  return kept;
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** Spec: RFC 4193. Compat: the 40 bits of the global id are what moby `DeriveULABaseNetwork` makes of the same id. */
function uniqueLocal(daemonId: string): Address['value'] {
  const digest = createHash('sha256').update(daemonId).digest();
  return (0xfdn << 120n) | ((digest.readBigUInt64BE(0) & 0xff_ffff_ffffn) << 80n);
}

/**
 * The first subnet of the pools that overlaps nothing in `taken` (CIDR, of either family; what is none is passed
 * over). When they are used up: `invalid` in Docker's words (Compat: ErrNoMoreSubnets).
 */
export function nextSubnet(pools: SubnetPools, family: Family, taken: readonly string[]): string {
  const inUse = taken
    .flatMap((text) => parsePrefix(text) ?? [])
    .filter((prefix) => prefix.family === family)
    .sort((a, b) => compare(a.base, b.base));
  for (const pool of pools[family]) {
    const base = firstGap(pool, inUse);
    if (base !== undefined) return formatPrefix({ family, base, length: pool.size });
  }
  throw new EngineError('invalid', 'all predefined address pools have been fully subnetted');
}

/** `inUse` is sorted by base: one pass over it finds the first gap, however many networks there are. */
function firstGap(pool: Pool, inUse: readonly Prefix[]): bigint | undefined {
  const host = BigInt(bitsOf(pool.family) - pool.size);
  const size = 1n << host;
  let candidate = pool.base;
  for (const prefix of inUse) {
    const last = lastOf(prefix);
    if (last < candidate) continue;
    if (prefix.base >= candidate + size) break;
    candidate = ((last >> host) + 1n) << host;
  }
  return candidate + size - 1n <= lastOf(pool) ? candidate : undefined;
}
