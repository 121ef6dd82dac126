import { createHash } from 'node:crypto';
import { parseAddress } from './prefix.ts';

const WORD = 0xffffffffn;

/**
 * Compat: `02:42:` and the four bytes of the address (Docker up to 27; 28 takes random ones); of IPv6, where there is
 * no other, the last four, mixed with those before, which are zero but where somebody chose the address. An address that is used again has the same hardware address again, so that nobody's ARP
 * cache is wrong.
 */
export function macOfAddress(text: string): string {
  const address = parseAddress(text);
  if (!address) throw new RangeError(`not an address: ${text}`);
  const before = address.family === 6 ? (address.value >> 32n) & WORD : 0n;
  const bytes = Buffer.alloc(4);
  // Odd: different words stay different.
  bytes.writeUInt32BE(Number((address.value & WORD) ^ ((before * 0x9e3779b1n) & WORD)));
  return format(bytes);
}

/**
 * For a bridge: a fixed one, since a bridge without takes over the lowest of its ports, and changes with them; made of
 * the id, so that neighbours go on reaching one that somebody deleted and that was made anew.
 */
export function macOfNetwork(id: string): string {
  return format(createHash('sha256').update(id).digest().subarray(0, 4));
}

/** For an interface that nothing is known of. */
export function randomMac(): string {
  return format(crypto.getRandomValues(new Uint8Array(4)));
}

function format(tail: Uint8Array): string {
  return ['02', '42', ...[...tail].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}
