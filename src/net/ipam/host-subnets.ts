import { readFileSync } from 'node:fs';
import { Rtnetlink } from '../../sys/mod.ts';
import { bitsOf, formatAddress, formatPrefix, parseAddress } from './prefix.ts';

/**
 * What the host has already, and a network that names no subnet keeps away from: networks that it is part of, and its
 * name servers. CIDR.
 * Compat: moby `InferReservedNetworks`. Routes behind gateways do not count: a VPN's `0.0.0.0/1` would take all. It
 * passes over IPv6; a unique local network of the host is respected here.
 */
export function hostSubnets(): string[] {
  return [...onLinkSubnets(), ...nameServers()];
}

/**
 * The addresses of an interface with their prefixes, e.g. `172.17.0.1/16`; none where there is no such interface.
 * Why not `os.networkInterfaces`: it knows nothing of a bridge that no container is on, which has no carrier.
 */
export function addressesOf(name: string): string[] {
  using rtnetlink = new Rtnetlink();
  const link = rtnetlink.link(name);
  return rtnetlink
    .addresses()
    .filter(({ index }) => index === link?.index)
    .map(({ bytes, prefixLength }) => {
      const value = BigInt(`0x${bytes.toString('hex')}`);
      return `${formatAddress({ family: bytes.length === 4 ? 4 : 6, value })}/${prefixLength}`;
    });
}

function onLinkSubnets(): string[] {
  using rtnetlink = new Rtnetlink();
  return rtnetlink.routes().flatMap(({ destination, prefixLength, onLink }) => {
    // Each interface has fe80::/64, and multicast.
    if (!onLink || prefixLength === 0 || (destination.length === 16 && (destination[0] ?? 0) >= 0xfe))
      return [];
    const family = destination.length === 4 ? 4 : 6;
    return formatPrefix({ family, base: BigInt(`0x${destination.toString('hex')}`), length: prefixLength });
  });
}

function nameServers(): string[] {
  let text: string;
  try {
    text = readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    return []; // It may be missing, and then takes nothing.
  }
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].flatMap(([, server]) => {
    const address = parseAddress(server ?? '');
    if (!address) return [];
    return formatPrefix({ family: address.family, base: address.value, length: bitsOf(address.family) });
  });
}
