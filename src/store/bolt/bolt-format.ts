/**
 * The file format of bolt (bbolt 1.3), in which Docker keeps networks and volume options. Spec: bbolt's `page.go` and
 * `db.go`. All integers are little-endian; a page begins with `id u64, flags u16, count u16, overflow u32`.
 */
export const PAGE_HEADER = 16;
/** Branch: `pos u32, ksize u32, page u64`; leaf: `flags u32, pos u32, ksize u32, vsize u32`; `pos` from the element on. */
export const ELEMENT = 16;
/** `root page u64, sequence u64`; a root of 0 means that the bucket's one page follows. */
export const BUCKET_HEADER = 16;
/** Bytes of a meta page's content that its checksum covers. */
export const META_BYTES = 56;
export const MAGIC = 0xed0cdaed;
export const VERSION = 2;
export const PAGE_FLAGS = { branch: 0x01, leaf: 0x02, meta: 0x04, freelist: 0x10 } as const;
/** Flag of a leaf's element whose value is a bucket. */
export const IS_BUCKET = 0x01;
/** Key and value of one entry; keys of a bucket are distinct. */
export interface BoltEntry {
  key: Buffer;
  value: Buffer;
}

/** FNV-1a, 64 bits, as the checksum of a meta page is. */
export function fnv1a64(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
