import type { ByteSource } from '../files/byte-source.ts';

const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Where the last `count` lines of a json-file begin, reading backwards from the end: the cost depends on `count`, not
 * on the size of the file.
 */
export async function jsonTail(
  source: ByteSource,
  size: number,
  count: number,
): Promise<{ offset: number; found: number }> {
  const block = Buffer.allocUnsafe(BLOCK);
  let found = 0;
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - BLOCK);
    const bytesRead = await source.read(block, 0, end - start, start);
    for (let i = bytesRead - 1; i >= 0; i--) {
      i = block.lastIndexOf(NEWLINE, i);
      if (i < 0) break;
      // The newline that ends the last line begins no other.
      if (start + i === size - 1) continue;
      if (++found === count) return { offset: start + i + 1, found };
    }
    end = start;
  }
  // The file's first line has no newline before it.
  return { offset: 0, found: size > 0 ? found + 1 : 0 };
}
