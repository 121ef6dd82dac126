import { readFileSync } from 'node:fs';

/**
 * Which keeper this is: a checksum of its program's file (a bundle is all of it; from sources, an edit elsewhere is
 * not seen) and the version of what runs it. A daemon that would start another one asks the keeper to become that.
 */
export function keeperBuild(file: string): string {
  return `${checksum(readFileSync(file))} ${process.versions.bun ?? process.version}`;
}

/** FNV-1a, 32 bits, and the length. Why not node:crypto: loading it takes the keeper 6 MB. */
function checksum(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return `${(hash >>> 0).toString(16).padStart(8, '0')}-${bytes.length}`;
}
