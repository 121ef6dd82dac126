import type { RecordFormat } from '../files/record-format.ts';
import type { LogFile } from './log-file.ts';
import { RecordReader } from './record-reader.ts';

/** Where reading begins: in which file, at which offset, and how many records are passed over from there. */
export interface StartingPoint {
  file: number;
  offset: number;
  skip: number;
}

export const BEGINNING: StartingPoint = { file: 0, offset: 0, skip: 0 };

/**
 * Where the last `count` records begin, over all files (oldest first), reading backwards from the end. A file that is
 * not needed for them is not looked at; a compressed one is inflated to count what it has.
 */
export async function findTail(
  format: RecordFormat,
  files: LogFile[],
  count: number,
): Promise<StartingPoint> {
  if (count <= 0) {
    const last = files.length - 1;
    return { file: Math.max(0, last), offset: files[last]?.size ?? 0, skip: 0 };
  }
  let left = count;
  for (let index = files.length - 1; index >= 0; index--) {
    const file = files[index] as LogFile;
    const tail = file.compressed ? undefined : await format.tail(file.source, file.size, left);
    if (tail) {
      if (tail.found >= left) return { file: index, offset: tail.offset, skip: 0 };
      left -= tail.found;
      continue;
    }
    const found = await countRecords(format, file);
    if (found >= left) return { file: index, offset: 0, skip: found - left };
    left -= found;
  }
  return BEGINNING;
}

async function countRecords(format: RecordFormat, file: LogFile): Promise<number> {
  const reader = new RecordReader(format, file, 0);
  let count = 0;
  for (let records = await reader.read(file.size); records; records = await reader.read(file.size)) {
    count += records.length;
  }
  return count + (reader.rest() ? 1 : 0);
}
