/**
 * The few bits of protobuf that the `local` format needs. Compat: moby `daemon/logger/internal/logdriver/entry.proto`:
 * source=1, time_nano=2, line=3, partial=4, partial_log_metadata=5 {last=1, id=2, ordinal=3}, attrs=6 {key=1, value=2};
 * a record is the message between its length, as four bytes, big end first, before and after it.
 */
export const FIELD = {
  source: 0x0a,
  time: 0x10,
  line: 0x1a,
  partial: 0x20,
  metadata: 0x2a,
  attribute: 0x32,
} as const;

/** Bytes of a record beside its message. */
export const FRAME = 8;

/** Docker's reader takes no longer message. */
export const MAX_MESSAGE = 1_000_000;

/** Writes an unsigned varint (at most 53 bits) at `at`; gives the position behind it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let out = at;
  let rest = value;
  while (rest >= 0x80) {
    bytes[out++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[out++] = rest;
  return out;
}

/** How many bytes `writeVarint` writes. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

/** A length-delimited field. */
export function textField(tag: number, text: string | Uint8Array): Uint8Array {
  const value = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const bytes = new Uint8Array(1 + varintLength(value.length) + value.length);
  bytes[0] = tag;
  bytes.set(value, writeVarint(bytes, 1, value.length));
  return bytes;
}

/** A varint read from `bytes[at, end)`: its value (exact to 53 bits) and the position behind it; undefined if cut. */
export function readVarint(
  bytes: Uint8Array,
  at: number,
  end: number,
): { value: number; next: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let i = at; i < end && i < at + 10; i++) {
    const byte = bytes[i] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next: i + 1 };
    scale *= 0x80;
  }
  return undefined;
}

/** As `readVarint`, for the 64 bits of a time. */
export function readBigVarint(
  bytes: Uint8Array,
  at: number,
  end: number,
): { value: bigint; next: number } | undefined {
  let value = 0n;
  for (let i = at, shift = 0n; i < end && i < at + 10; i++, shift += 7n) {
    const byte = bytes[i] ?? 0;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return { value: BigInt.asIntN(64, value), next: i + 1 };
  }
  return undefined;
}
