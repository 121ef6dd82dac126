import type { LogFile } from './log-file.ts';

const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Where the last `count` lines begin, over all files (oldest first), reading backwards from the end: the cost depends
 * on `count`, not on the size of the log.
 */
export async function findTail(files: LogFile[], count: number): Promise<{ file: number; offset: number }> {
  const block = Buffer.allocUnsafe(BLOCK);
  let left = count;
  for (let index = files.length - 1; index >= 0; index--) {
    const file = files[index];
    if (!file) continue;
    if (left <= 0) return { file: index, offset: file.size };
    let end = file.size;
    while (end > 0) {
      const start = Math.max(0, end - BLOCK);
      const { bytesRead } = await file.handle.read(block, 0, end - start, start);
      for (let i = bytesRead - 1; i >= 0; i--) {
        i = block.lastIndexOf(NEWLINE, i);
        if (i < 0) break;
        // The newline that ends the last line begins no other.
        if (start + i === file.size - 1) continue;
        if (--left === 0) return { file: index, offset: start + i + 1 };
      }
      end = start;
    }
    // The file's first line has no newline before it.
    if (file.size > 0 && --left === 0) return { file: index, offset: 0 };
  }
  return { file: 0, offset: 0 };
}
