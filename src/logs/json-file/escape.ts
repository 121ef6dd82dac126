/** What a byte needs inside a JSON string as Docker's json-file driver writes it. */
export const PLAIN = 0;
export const NEWLINE = 1;
export const ESCAPED = 2;
export const HIGH = 3;

/** The class of each byte. Spec: Go's encoding/json with HTML escaping; DEL is plain. */
export const BYTE_CLASS = new Uint8Array(256).map((_, byte) => {
  if (byte === 0x0a) return NEWLINE;
  if (byte >= 0x80) return HIGH;
  return byte < 0x20 || '"\\<>&'.includes(String.fromCharCode(byte)) ? ESCAPED : PLAIN;
});

const HEX = new TextEncoder().encode('0123456789abcdef');
const BACKSLASH = 0x5c;
const U = 0x75;

/** Writes the escape of an ASCII byte at `out`; gives the position behind it. */
export function escapeAscii(bytes: Uint8Array, out: number, byte: number): number {
  if (byte === BACKSLASH || byte === 0x22) return pair(bytes, out, byte);
  if (byte === 0x0a) return pair(bytes, out, 0x6e);
  if (byte === 0x0d) return pair(bytes, out, 0x72);
  // Compat: Docker writes a tab as \u0009.
  return unicode(bytes, out, byte);
}

/**
 * The length of the valid UTF-8 sequence at `at` (2 to 4), or 0. Spec: Unicode table 3-7, as Go's utf8.DecodeRune:
 * no overlong forms, no surrogates, nothing above U+10FFFF.
 */
export function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + length > end) return 0;
  const second = bytes[at + 1] ?? 0;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) {
    if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

/** Writes `\ufffd`, which Go puts in place of each byte that is not UTF-8. */
export function replacement(bytes: Uint8Array, out: number): number {
  return unicode(bytes, out, 0xfffd);
}

/** Writes `\u2028` or `\u2029` if that is the sequence at `at`; else gives `out` unchanged. */
export function lineSeparator(bytes: Uint8Array, at: number, out: number): number {
  if (bytes[at] !== 0xe2 || bytes[at + 1] !== 0x80) return out;
  const third = bytes[at + 2];
  return third === 0xa8 || third === 0xa9 ? unicode(bytes, out, 0x2028 + third - 0xa8) : out;
}

function pair(bytes: Uint8Array, out: number, byte: number): number {
  bytes[out] = BACKSLASH;
  bytes[out + 1] = byte;
  return out + 2;
}

function unicode(bytes: Uint8Array, out: number, value: number): number {
  pair(bytes, out, U);
  for (let i = 0; i < 4; i++) bytes[out + 2 + i] = HEX[(value >> (12 - 4 * i)) & 15] ?? 0;
  return out + 6;
}
