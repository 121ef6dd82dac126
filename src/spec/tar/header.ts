import type { ByteString } from './byte-string.ts';
import { BLOCK, INVALID_HEADER, type TarEntry, TarError } from './entry.ts';

/**
 * Reads one header block. Spec: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
 * Throws TarError for a wrong checksum or a number that is none.
 */
export function parseHeader(block: Buffer): TarEntry {
  verifyChecksum(block);
  const magic = block.toString('latin1', 257, 265);
  const ustar = magic.startsWith('ustar\0');
  const posix = ustar || magic === 'ustar  \0';
  let name = text(block, 0, 100);
  if (ustar) {
    // Spec: star's own format ends in "tar\0" and keeps times in the last 24 bytes of the prefix.
    const prefix = text(block, 345, block.toString('latin1', 508, 512) === 'tar\0' ? 131 : 155);
    if (prefix !== '') name = `${prefix}/${name}` as ByteString;
  }
  let type = block.toString('latin1', 156, 157);
  // Spec: archives older than ustar mark a directory by the slash at its end.
  if (type === '\0') type = name.endsWith('/') ? '5' : '0';
  const size = parseNumber(block, 124, 12);
  if (size < 0) throw new TarError(INVALID_HEADER);
  return {
    name,
    type,
    linkName: text(block, 157, 100),
    mode: parseNumber(block, 100, 8) & 0o7777,
    uid: parseNumber(block, 108, 8),
    gid: parseNumber(block, 116, 8),
    userName: posix ? text(block, 265, 32) : ('' as ByteString),
    groupName: posix ? text(block, 297, 32) : ('' as ByteString),
    size,
    mtime: { seconds: parseNumber(block, 136, 12), nanoseconds: 0 },
    deviceMajor: posix ? parseNumber(block, 329, 8) : 0,
    deviceMinor: posix ? parseNumber(block, 337, 8) : 0,
    xattrs: [],
  };
}

/** True if all bytes of the block are zero, as in the two blocks that end an archive. */
export function isZeroBlock(block: Buffer): boolean {
  if (block[0] !== 0 || block[BLOCK - 1] !== 0) return false;
  for (let i = 0; i < BLOCK; i++) if (block[i] !== 0) return false;
  return true;
}

/** True if these first bytes of something are those of an archive: a header, or the zeros of an empty one. */
export function isArchiveHead(head: Buffer): boolean {
  if (head.length < BLOCK) return false;
  const block = head.subarray(0, BLOCK);
  if (isZeroBlock(block)) return true;
  try {
    verifyChecksum(block);
    return true;
  } catch {
    return false;
  }
}

/** Spec: the sum takes its own field as spaces; old writers summed signed bytes. */
function verifyChecksum(block: Buffer): void {
  let unsigned = 0;
  let high = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 32 : (block[i] as number);
    unsigned += byte;
    if (byte > 127) high++;
  }
  const stored = parseNumber(block, 148, 8);
  if (stored !== unsigned && stored !== unsigned - 256 * high) throw new TarError(INVALID_HEADER);
}

function text(block: Buffer, start: number, length: number): ByteString {
  let end = start;
  while (end < start + length && block[end] !== 0) end++;
  return block.toString('latin1', start, end) as ByteString;
}

/** Octal digits, or a big-endian two's complement number whose first bit is set (GNU, star). */
export function parseNumber(block: Buffer, start: number, length: number): number {
  const first = block[start] as number;
  if (first & 0x80) return binary(block, start, length);
  let value = 0;
  let i = start;
  const end = start + length;
  while (i < end && (block[i] === 32 || block[i] === 0)) i++;
  for (; i < end; i++) {
    const byte = block[i] as number;
    if (byte === 32 || byte === 0) break;
    if (byte < 48 || byte > 55) throw new TarError(INVALID_HEADER);
    value = value * 8 + (byte - 48);
  }
  for (; i < end; i++) if (block[i] !== 32 && block[i] !== 0) throw new TarError(INVALID_HEADER);
  return value;
}

function binary(block: Buffer, start: number, length: number): number {
  const negative = ((block[start] as number) & 0x40) !== 0;
  let value = 0;
  for (let i = start; i < start + length; i++) {
    let byte = block[i] as number;
    if (i === start) byte &= 0x7f;
    if (negative) byte = (i === start ? 0x7f : 0xff) - byte;
    value = value * 256 + byte;
    if (value > Number.MAX_SAFE_INTEGER) throw new TarError(INVALID_HEADER);
  }
  return negative ? -value - 1 : value;
}
