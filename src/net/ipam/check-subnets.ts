import { EngineError } from '../../base/mod.ts';
import { contains, formatPrefix, overlap, type Prefix, parseAddress, parsePrefix } from './prefix.ts';

/** What a request says about one subnet; each may be ''. */
export interface SubnetRequest {
  subnet: string;
  ipRange: string;
  gateway: string;
  /** Addresses that are somebody else's, by name. */
  reserved: Record<string, string>;
}

/**
 * What is wrong with subnets that were asked for, all of it in one `invalid` error.
 * Compat: moby api/types/network `ValidateIPAM`, sentence by sentence; it passes over IPv6 where that is off.
 */
export function checkSubnets(config: readonly SubnetRequest[], ipv6: boolean): void {
  const wrong = config.flatMap((one) => checkOne(one, ipv6));
  if (wrong.length > 0) throw new EngineError('invalid', `invalid network config:\n${wrong.join('\n')}`);
}

function checkOne({ subnet: text, ipRange, gateway, reserved }: SubnetRequest, ipv6: boolean): string[] {
  if (text === '' && ipRange === '' && gateway === '') return [];
  const subnet = parsePrefix(text);
  if (!subnet) return [`invalid subnet ${text}: invalid CIDR block notation`];
  if (!ipv6 && subnet.family === 6) return [];
  const wrong: string[] = [];
  if (subnet.address !== subnet.base) {
    wrong.push(`invalid subnet ${text}: it should be ${formatPrefix(subnet)}`);
  }
  wrong.push(...checkRange(ipRange, subnet, text));
  const why = checkAddress(gateway, subnet, text);
  if (why) wrong.push(`invalid gateway ${gateway}: ${why}`);
  for (const [name, address] of Object.entries(reserved)) {
    const reason = checkAddress(address, subnet, text);
    if (reason) wrong.push(`invalid auxiliary address ${name}: ${reason}`);
  }
  return wrong;
}

function checkRange(text: string, subnet: Prefix, subnetText: string): string[] {
  if (text === '') return [];
  const range = parsePrefix(text);
  if (!range) return [`invalid ip-range ${text}: invalid CIDR block notation`];
  if (range.family !== subnet.family) {
    return [`invalid ip-range ${text}: parent subnet is an IPv${subnet.family} block`];
  }
  const wrong: string[] = [];
  if (range.length < subnet.length) {
    wrong.push(`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${subnetText}`);
  }
  if (range.address !== range.base) {
    wrong.push(`invalid ip-range ${text}: it should be ${formatPrefix(range)}`);
  }
  if (!overlap(range, subnet)) {
    wrong.push(`invalid ip-range ${text}: parent subnet ${subnetText} doesn't contain ip-range`);
  }
  return wrong;
}

function checkAddress(text: string, subnet: Prefix, subnetText: string): string | undefined {
  if (text === '') return undefined;
  const address = parseAddress(text);
  if (!address) return 'invalid address';
  if (address.family !== subnet.family) return `parent subnet is an IPv${subnet.family} block`;
  if (!contains(subnet, address)) return `parent subnet ${subnetText} doesn't contain this address`;
  return undefined;
}
