/** How bytes may be compressed that Docker takes for an archive or a layer. */
export type Compression = 'gzip' | 'zstd' | 'bzip2' | 'xz';

/** So many first bytes tell it. */
export const COMPRESSION_HEAD = 6;

/**
 * How something is compressed, by its first bytes; undefined if it is not. Compat: Docker goes by these too and does
 * not believe names or media types, which are wrong often enough.
 */
export function compressionOf(head: Uint8Array): Compression | undefined {
  const hex = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, COMPRESSION_HEAD)).toString(
    'hex',
  );
  if (hex.startsWith('1f8b')) return 'gzip';
  // Spec: RFC 8878, 3.1: a frame, or a skippable one before it.
  if (hex.startsWith('28b52ffd') || /^5[0-9a-f]2a4d18/.test(hex)) return 'zstd';
  if (hex.startsWith('425a68')) return 'bzip2';
  if (hex.startsWith('fd377a585a00')) return 'xz';
  return undefined;
}
