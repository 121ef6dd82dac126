import { networkInterfaces } from 'node:os';
import { EngineError } from '../base/mod.ts';
import type { DefaultBridge } from '../engine/networks/mod.ts';
import { formatPrefix, hostSubnets, parsePrefix, planSubnets, subnetPools } from '../net/mod.ts';
import type { Config } from './config/config.ts';

/** What the host has already; the real one unless a test gives another. */
interface Host {
  /** Addresses of the interfaces, by name. */
  addresses: Record<string, { family: string; cidr: string | null }[] | undefined>;
  /** CIDR. */
  subnets: () => readonly string[];
}

/**
 * The default bridge: the subnet of `bip`, else the one that the bridge has from before, else the first of the pools in
 * which neither the host nor another network (`others`, CIDR) has an address.
 */
export function defaultBridge(
  config: Config,
  others: readonly string[],
  host: Host = { addresses: networkInterfaces(), subnets: hostSubnets },
): DefaultBridge {
  const own = host.addresses[config.bridge]?.find(({ family }) => family === 'IPv4')?.cidr;
  const given = config.bip ?? own ?? undefined;
  const [planned] = planSubnets(
    { driver: 'bridge', ipv4: true, ipv6: false, config: given === undefined ? [] : [fromBip(given)] },
    {
      pools: subnetPools([], ''),
      // Compat: somebody who gives an address means it.
      taken: given === undefined ? others.map((subnet) => ({ subnet, ipRange: '' })) : [],
      hostSubnets: host.subnets,
    },
  );
  if (!planned) throw new EngineError('internal', 'the default bridge has no subnet');
  return {
    driver: 'bridge',
    bridge: config.bridge,
    subnet: planned.subnet,
    gateway: planned.gateway,
    mtu: config.mtu,
    icc: config.icc,
    masquerade: config.masquerade,
    internal: false,
    hostBindingIpv4: config.ip,
  };
}

function fromBip(bip: string) {
  const prefix = parsePrefix(bip);
  if (prefix?.family !== 4 || prefix.length < 8 || prefix.length > 30) {
    throw new EngineError('invalid', `invalid CIDR address: ${bip}`);
  }
  return { subnet: formatPrefix(prefix), gateway: bip.split('/')[0] ?? '', ipRange: '', reserved: {} };
}
