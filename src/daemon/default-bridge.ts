import { networkInterfaces } from 'node:os';
import { EngineError } from '../base/mod.ts';
import type { DefaultBridge } from '../engine/networks/mod.ts';
import { formatIpv4, parseSubnet, type Subnet, subnetContains } from '../net/mod.ts';
import type { Config } from './config/config.ts';

/** Compat: Docker's own pools for bridges, in its order. */
const POOLS = Array.from({ length: 15 }, (_, index) => `172.${17 + index}.0.0/16`);

/** Addresses of the host's interfaces, by name. */
type HostAddresses = Record<string, { family: string; cidr: string | null }[] | undefined>;

/**
 * The default bridge: the subnet of `bip`, else the one that the bridge has from before, else the first pool in which
 * neither the host nor another network (`others`, CIDR) has an address.
 */
export function defaultBridge(
  config: Config,
  others: string[],
  host: HostAddresses = networkInterfaces(),
): DefaultBridge {
  const { subnet, gateway } = config.bip ? fromBip(config.bip) : choosePool(config.bridge, others, host);
  return {
    bridge: config.bridge,
    subnet,
    gateway,
    mtu: config.mtu,
    icc: config.icc,
    masquerade: config.masquerade,
    internal: false,
    hostBindingIpv4: config.ip,
  };
}

function fromBip(bip: string): { subnet: string; gateway: string } {
  const subnet = parseSubnet(bip);
  if (!subnet || subnet.prefixLength < 8 || subnet.prefixLength > 30) {
    throw new EngineError('invalid', `invalid CIDR address: ${bip}`);
  }
  return { subnet: `${formatIpv4(subnet.base)}/${subnet.prefixLength}`, gateway: bip.split('/')[0] ?? '' };
}

function choosePool(
  bridge: string,
  others: string[],
  host: HostAddresses,
): { subnet: string; gateway: string } {
  const own = host[bridge]?.find(({ family }) => family === 'IPv4')?.cidr;
  if (own) return fromBip(own);
  const addresses = Object.values(host)
    .flatMap((ofOne) => ofOne ?? [])
    .flatMap(({ family, cidr }) => (family === 'IPv4' && cidr ? [cidr] : []));
  const taken = [...addresses, ...others].flatMap((cidr) => parseSubnet(cidr) ?? []);
  for (const pool of POOLS) {
    const ours = parseSubnet(pool);
    if (!ours || taken.some((theirs) => overlap(ours, theirs))) continue;
    return { subnet: pool, gateway: formatIpv4(ours.base + 1) };
  }
  throw new EngineError(
    'unavailable',
    'could not find an available, non-overlapping IPv4 address pool: give one by --bip',
  );
}

function overlap(a: Subnet, b: Subnet): boolean {
  return subnetContains(a, b.base) || subnetContains(b, a.base);
}
