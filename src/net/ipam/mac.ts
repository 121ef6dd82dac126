import { ipv4Bytes } from './address.ts';

/**
 * Compat: `02:42:` and the four bytes of the address (Docker up to 27; 28 takes random ones). An address that is used
 * again has the same hardware address again, so that nobody's ARP cache is wrong.
 */
export function macOfAddress(ipv4: string): string {
  return format(ipv4Bytes(ipv4));
}

/** For a bridge: a fixed one, since a bridge without takes over the lowest of its ports, and changes with them. */
export function randomMac(): string {
  return format(crypto.getRandomValues(new Uint8Array(4)));
}

function format(tail: Uint8Array): string {
  return ['02', '42', ...[...tail].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}
