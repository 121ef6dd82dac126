/**
 * Checksums of a packet that came over a virtual interface, where only hardware would have filled them in. Changes
 * `packet`, an IP packet with its header; what is neither TCP nor UDP, or cut short, stays as it is.
 */
export function fillChecksum(packet: Buffer): void {
  const v6 = (packet[0] ?? 0) >> 4 === 6;
  const start = v6 ? 40 : ((packet[0] ?? 0) & 15) * 4;
  const protocol = packet[v6 ? 6 : 9];
  const at = start + (protocol === TCP ? 16 : 6);
  if ((protocol !== TCP && protocol !== UDP) || at + 2 > packet.length) return;
  // Spec: RFC 768, over IPv4 a sender may do without.
  if (protocol === UDP && !v6 && packet.readUInt16BE(at) === 0) return;
  packet.writeUInt16BE(0, at);
  const addresses = v6 ? packet.subarray(8, 40) : packet.subarray(12, 20);
  const length = packet.length - start;
  const sum = fold(
    sumOf(addresses) + protocol + (length >>> 16) + (length & 0xffff) + sumOf(packet.subarray(start)),
  );
  const checksum = ~sum & 0xffff;
  packet.writeUInt16BE(checksum === 0 && protocol === UDP ? 0xffff : checksum, at);
}

const TCP = 6;
const UDP = 17;

function sumOf(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  return bytes.length & 1 ? sum + ((bytes.at(-1) ?? 0) << 8) : sum;
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = Math.floor(folded / 0x10000) + (folded & 0xffff);
  return folded;
}
