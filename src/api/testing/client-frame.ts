/** A frame as a WebSocket client sends it: masked, by a mask that `seed` picks. */
export function clientFrame(
  opcode: number,
  payload: Uint8Array,
  { final = true, seed = 7 }: { final?: boolean; seed?: number } = {},
): Buffer {
  const { length } = payload;
  const short = length < 126 ? length : length < 0x10000 ? 126 : 127;
  const head = Buffer.alloc({ 126: 4, 127: 10 }[short] ?? 2);
  head[0] = (final ? 0x80 : 0) | opcode;
  head[1] = 0x80 | short;
  if (short === 126) head.writeUInt16BE(length, 2);
  if (short === 127) head.writeBigUInt64BE(BigInt(length), 2);
  const mask = Buffer.from([seed, seed * 3, seed * 5, seed * 7].map((byte) => byte & 0xff));
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  return Buffer.concat([head, mask, masked]);
}
