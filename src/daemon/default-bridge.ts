import { EngineError } from '../base/mod.ts';
import type { DefaultBridge } from '../engine/networks/mod.ts';
import {
  addressesOf,
  formatAddress,
  formatPrefix,
  hostSubnets,
  type PlannedSubnet,
  parsePrefix,
  planSubnets,
  type SubnetPools,
} from '../net/mod.ts';
import type { Addressing, Config } from './config/config.ts';

/** What the host has already; the real one unless a test gives another. */
interface Host {
  /** Addresses of an interface with their prefixes. */
  addresses: (name: string) => readonly string[];
  /** CIDR. */
  subnets: () => readonly string[];
}

/** The settings of one family. */
interface Wanted {
  /** Address of the bridge with its prefix, or ''. */
  bip: string;
  fixedCidr: string;
  gateway: string;
}

/** Compat: the names that Docker keeps `default-gateway` under, among the addresses that are somebody else's. */
const GATEWAY_NAME = { 4: 'DefaultGatewayIPv4', 6: 'DefaultGatewayIPv6' } as const;

/**
 * The default bridge: of each family the subnet of `bip`, else the one that the bridge has from before, else that of
 * `fixed-cidr`, else the first of the pools in which neither the host nor another network (`others`, CIDR) has an
 * address.
 */
export function defaultBridge(
  config: Config,
  others: readonly string[],
  pools: SubnetPools,
  host: Host = { addresses: addressesOf, subnets: hostSubnets },
): DefaultBridge {
  const { addressing, bridge } = config;
  const families = addressing.ipv6 ? ([4, 6] as const) : ([4] as const);
  const before = host.addresses(bridge);
  const asked = families.flatMap((family) => {
    const wanted = wantedOf(addressing, family);
    const bip = wanted.bip || addressFromBefore(before, family, wanted.fixedCidr);
    return subnetOf(family, { ...wanted, bip }) ?? [];
  });
  const plan = (config: PlannedSubnet[], family: 4 | 6) => {
    const [planned] = planSubnets(
      { driver: 'bridge', ipv4: family === 4, ipv6: family === 6, config },
      {
        pools,
        // Compat: somebody who gives an address means it.
        taken: config.length > 0 ? [] : others.map((subnet) => ({ subnet, ipRange: '' })),
        hostSubnets: host.subnets,
      },
    );
    if (!planned) throw new EngineError('internal', 'the default bridge has no subnet');
    return planned;
  };
  const ofFamily = (family: 4 | 6) => asked.filter(({ subnet }) => parsePrefix(subnet)?.family === family);
  const ipv4 = plan(ofFamily(4), 4);
  const ipv6 = addressing.ipv6 ? plan(ofFamily(6), 6) : undefined;
  return {
    driver: 'bridge',
    bridge,
    ...poolOf(ipv4, 4),
    ...(ipv6 && { ipv6: poolOf(ipv6, 6) }),
    mtu: config.mtu,
    icc: config.icc,
    masquerade: config.masquerade,
    internal: false,
    hostBindingIpv4: config.ip,
  };
}

function wantedOf(settings: Addressing, family: 4 | 6): Wanted {
  const { bip, bip6, fixedCidr, fixedCidrV6, gateway, gatewayV6 } = settings;
  return family === 4
    ? { bip, fixedCidr, gateway }
    : { bip: bip6, fixedCidr: fixedCidrV6, gateway: gatewayV6 };
}

/**
 * The address that the bridge has, with its prefix, or ''. Not its link-local one, nor one that `fixed-cidr`, where it
 * was changed, lies outside of. Compat: moby `selectBIP`; it also widens an address's subnet to a larger `fixed-cidr`.
 */
function addressFromBefore(addresses: readonly string[], family: 4 | 6, fixedCidr: string): string {
  const fixed = parsePrefix(fixedCidr);
  for (const cidr of addresses) {
    const prefix = parsePrefix(cidr);
    if (prefix?.family !== family || cidr.startsWith('fe80:')) continue;
    if (!fixed) return cidr;
    const length = Math.min(prefix.length, fixed.length);
    const wide = parsePrefix(`${formatAddress({ family, value: prefix.address })}/${length}`);
    const holds = parsePrefix(`${formatAddress({ family, value: fixed.base })}/${length}`);
    if (wide && holds && wide.base === holds.base) {
      return `${formatAddress({ family, value: prefix.address })}/${length}`;
    }
  }
  return '';
}

function subnetOf(family: 4 | 6, { bip, fixedCidr, gateway }: Wanted): PlannedSubnet | undefined {
  const prefix = parsePrefix(bip || fixedCidr);
  const range = parsePrefix(fixedCidr);
  if (!prefix) {
    if (gateway === '') return undefined;
    throw new EngineError('invalid', `default-gateway ${gateway}: give the subnet too, by bip or fixed-cidr`);
  }
  if (family === 4 && (prefix.length < 8 || prefix.length > 30)) {
    throw new EngineError('invalid', `invalid CIDR address: ${bip || fixedCidr}`);
  }
  return {
    subnet: formatPrefix(prefix),
    gateway: bip === '' ? '' : formatAddress({ family, value: prefix.address }),
    ipRange: range ? formatPrefix(range) : '',
    reserved: gateway === '' ? {} : { [GATEWAY_NAME[family]]: gateway },
  };
}

function poolOf({ subnet, gateway, ipRange, reserved }: PlannedSubnet, family: 4 | 6) {
  const router = reserved[GATEWAY_NAME[family]];
  return {
    subnet,
    gateway,
    ...(ipRange !== '' && { ipRange }),
    ...(router !== undefined && { reserved: [router], router }),
  };
}
