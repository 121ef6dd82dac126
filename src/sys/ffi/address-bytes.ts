/** An IPv4 address as text, or the four or sixteen bytes of one of either family. */
export type AddressBytes = string | Uint8Array;

const AF_INET = 2;
const AF_INET6 = 10;

export function bytesOf(address: AddressBytes): Buffer {
  return Buffer.from(typeof address === 'string' ? address.split('.').map(Number) : address);
}

export function familyOf(bytes: Uint8Array): number {
  return bytes.length === 16 ? AF_INET6 : AF_INET;
}
