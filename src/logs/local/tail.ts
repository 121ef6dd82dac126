import type { ByteSource } from '../files/byte-source.ts';
import { FRAME, MAX_MESSAGE } from './wire.ts';

const BLOCK = 64 * 1024;

/**
 * Where the last `count` records of a `local` file begin: each ends with its length, so they are stepped over from
 * the end. Undefined where a record does not begin with the length that it ends with.
 */
export async function localTailOffset(
  source: ByteSource,
  size: number,
  count: number,
): Promise<{ offset: number; found: number } | undefined> {
  const block = Buffer.allocUnsafe(BLOCK);
  let blockAt = size;
  let blockEnd = size;
  /** The length that stands at `at`; undefined if it is none. */
  const lengthAt = async (at: number): Promise<number | undefined> => {
    if (at < 0) return undefined;
    if (at < blockAt || at + FRAME / 2 > blockEnd) {
      // Backwards from what is asked for: what comes next stands before it.
      blockEnd = at + FRAME / 2;
      blockAt = Math.max(0, blockEnd - BLOCK);
      if ((await source.read(block, 0, blockEnd - blockAt, blockAt)) < blockEnd - blockAt) return undefined;
    }
    return block.readUInt32BE(at - blockAt);
  };
  let offset = size;
  let found = 0;
  while (offset > 0 && found < count) {
    const length = await lengthAt(offset - FRAME / 2);
    if (length === undefined || length > MAX_MESSAGE) return undefined;
    const start = offset - FRAME - length;
    if ((await lengthAt(start)) !== length) return undefined;
    offset = start;
    found++;
  }
  return { offset, found };
}
