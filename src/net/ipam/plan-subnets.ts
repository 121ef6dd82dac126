import { EngineError } from '../../base/mod.ts';
import { checkSubnets, type SubnetRequest } from './check-subnets.ts';
import {
  type Address,
  bitsOf,
  contains,
  type Family,
  formatAddress,
  formatPrefix,
  lastOf,
  overlap,
  type Prefix,
  parseAddress,
  parsePrefix,
} from './prefix.ts';
import { nextSubnet, type SubnetPools } from './subnet-pools.ts';

/** A subnet as it was decided: all texts canonical; `ipRange` may be '', and `gateway` where none was wanted. */
export type PlannedSubnet = SubnetRequest;

export interface PlanRequest {
  /** The driver of the network: a bridge has one subnet of each family. */
  driver: string;
  ipv4: boolean;
  ipv6: boolean;
  config: readonly SubnetRequest[];
  /** Without one, where the request names none: internal macvlan and ipvlan networks. */
  gateway?: boolean;
}

export interface PlanContext {
  pools: SubnetPools;
  /** What other networks have: CIDR. */
  taken: readonly { subnet: string; ipRange: string }[];
  /** What the host itself has: only subnets that are chosen keep away from it. Called only where one is chosen. */
  hostSubnets: () => readonly string[];
}

/**
 * Decides the subnets, gateways and reserved addresses of a network to be created; IPv4 first. Pure but for
 * `hostSubnets`. Errors are Docker's (moby libnetwork `ipamAllocateVersion`, api/types/network `ValidateIPAM`).
 */
export function planSubnets(request: PlanRequest, context: PlanContext): PlannedSubnet[] {
  checkSubnets(request.config, request.ipv6);
  const planned: PlannedSubnet[] = [];
  for (const family of [4, 6] as const) {
    if (!(family === 4 ? request.ipv4 : request.ipv6)) continue;
    const asked = request.config.filter((one) => familyOf(one, request.ipv4) === family);
    if (asked.length > 1 && request.driver === 'bridge') {
      throw new EngineError('denied', "bridge driver doesn't support multiple subnets");
    }
    const wanted = asked.length > 0 ? asked : [{ subnet: '', ipRange: '', gateway: '', reserved: {} }];
    for (const one of wanted) planned.push(planOne(one, family, request, context, planned));
  }
  return planned;
}

/** Compat: a config without subnet is IPv4's, unless there is none. */
function familyOf({ subnet }: SubnetRequest, ipv4: boolean): Family {
  return subnet === '' ? (ipv4 ? 4 : 6) : (parsePrefix(subnet)?.family ?? 4);
}

function planOne(
  asked: SubnetRequest,
  family: Family,
  { driver, gateway: wantsGateway = true }: PlanRequest,
  context: PlanContext,
  before: readonly PlannedSubnet[],
): PlannedSubnet {
  const taken = [...context.taken, ...before];
  const chosen = asked.subnet === '';
  const text = chosen
    ? nextSubnet(context.pools, family, [...taken.map(({ subnet }) => subnet), ...context.hostSubnets()])
    : asked.subnet;
  const subnet = parsePrefix(text);
  if (!subnet) throw new EngineError('invalid', `invalid subnet ${text}: invalid CIDR block notation`);
  if (!chosen) refuseOverlap(subnet, asked.ipRange, driver, taken);
  if (family === 6 && driver === 'bridge') refuseUnfitV6(subnet);
  const range = asked.ipRange === '' ? subnet : (parsePrefix(asked.ipRange) ?? subnet);
  const given = asked.gateway === '' ? undefined : parseAddress(asked.gateway);
  const gateway = given ?? (wantsGateway ? firstUsable(subnet, range) : undefined);
  if (given && isUnusable(subnet, given)) {
    throw new EngineError(
      'internal',
      `failed to allocate gateway (${asked.gateway}): Address already in use`,
    );
  }
  return {
    subnet: formatPrefix(subnet),
    ipRange: asked.ipRange === '' ? '' : formatPrefix(range),
    gateway: gateway ? formatAddress(gateway) : '',
    reserved: reserve(asked.reserved, subnet, gateway),
  };
}

/**
 * Compat: moby defaultipam `allocateSubnetL`. With a range, it only refuses the same range; then its bridge driver
 * refuses any overlap, while macvlan networks may share a subnet, each with a range of its own.
 */
function refuseOverlap(
  subnet: Prefix,
  ipRange: string,
  driver: string,
  taken: readonly { subnet: string; ipRange: string }[],
): void {
  const shares = ipRange !== '' && driver !== 'bridge';
  const range = parsePrefix(ipRange);
  const clash = taken.some((one) => {
    const theirs = parsePrefix(one.subnet);
    if (!theirs || !overlap(subnet, theirs)) return false;
    if (!shares) return true;
    const theirRange = parsePrefix(one.ipRange);
    return (
      theirRange !== undefined && range !== undefined && formatPrefix(theirRange) === formatPrefix(range)
    );
  });
  if (clash) {
    throw new EngineError(
      'denied',
      'invalid pool request: Pool overlaps with other one on this address space',
    );
  }
}

const LINK_LOCAL = { family: 6, base: 0xfe80n << 112n, length: 64 } as const;

/** Compat: moby bridge driver `validateIPv6Subnet`. */
function refuseUnfitV6(subnet: Prefix): void {
  const text = formatPrefix(subnet);
  if (subnet.base >> 32n === 0xffffn)
    throw new EngineError('invalid', `'${text}' is not a valid IPv6 subnet`);
  if (subnet.base >> 120n === 0xffn) {
    throw new EngineError('invalid', `multicast subnet '${text}' is not allowed`);
  }
  const standard = subnet.base === LINK_LOCAL.base && subnet.length === LINK_LOCAL.length;
  if (!standard && overlap(LINK_LOCAL, subnet)) {
    throw new EngineError('invalid', `'${text}' clashes with the Link-Local prefix 'fe80::/64'`);
  }
}

/** The network's own address, and for IPv4 its broadcast address, unless it is a link between two (RFC 3021). */
function isUnusable(subnet: Prefix, { family, value }: Address): boolean {
  const hostBits = bitsOf(family) - subnet.length;
  if (family === 4 && hostBits <= 1) return false;
  return value === subnet.base || (family === 4 && value === lastOf(subnet));
}

/** Compat: the gateway is the first address that can be given out: with a range, the first one of that. */
function firstUsable(subnet: Prefix, range: Prefix): Address {
  const { family } = subnet;
  const first = { family, value: range.base };
  const gateway = isUnusable(subnet, first) ? { family, value: first.value + 1n } : first;
  if (!contains(range, gateway) || isUnusable(subnet, gateway)) {
    throw new EngineError('internal', 'failed to allocate gateway (): no available addresses on this pool');
  }
  return gateway;
}

function reserve(
  asked: Record<string, string>,
  subnet: Prefix,
  gateway: Address | undefined,
): Record<string, string> {
  const inUse = new Set(gateway ? [gateway.value] : []);
  const reserved: Record<string, string> = {};
  for (const [name, text] of Object.entries(asked)) {
    const address = parseAddress(text);
    if (!address) throw new EngineError('invalid', `invalid auxiliary address ${name}: invalid address`);
    if (isUnusable(subnet, address) || inUse.has(address.value)) {
      const why = `failed to allocate secondary ip address (${name}:${text}): Address already in use`;
      throw new EngineError('internal', why);
    }
    inUse.add(address.value);
    reserved[name] = formatAddress(address);
  }
  return reserved;
}
