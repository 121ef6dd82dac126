import { closeSync, lstatSync, readdirSync } from 'node:fs';
import { cString, O_DIRECTORY, O_NOFOLLOW, openAt } from '../ffi/file-calls.ts';

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/**
 * Bytes of all that is no directory in a tree, each file once, as Docker counts layers. Names may be any bytes and
 * depths any; what vanishes meanwhile is not counted. Synchronous: large trees belong on a worker thread.
 */
export function diskUsage(path: string): number {
  const seen = new Set<string>();
  const pending: number[] = [];
  const root = openAt(-100, cString(path), O_DIRECTORY);
  if (root < 0) return 0;
  pending.push(root);
  let total = 0;
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    try {
      for (const name of readdirSync(`/proc/self/fd/${dir}`, { encoding: 'latin1' })) {
        total += sizeOf(dir, name, seen, pending);
      }
    } finally {
      closeSync(dir);
    }
  }
  return total;
}

function sizeOf(dir: number, name: string, seen: Set<string>, pending: number[]): number {
  const stat = lstatSync(Buffer.from(`/proc/self/fd/${dir}/${name}`, 'latin1'), { throwIfNoEntry: false });
  if (!stat) return 0;
  if ((stat.mode & S_IFMT) === S_IFDIR) {
    const child = openAt(dir, cString(name, 'latin1'), O_DIRECTORY | O_NOFOLLOW);
    if (child >= 0) pending.push(child);
    return 0;
  }
  if (stat.nlink > 1) {
    const key = `${stat.dev}:${stat.ino}`;
    if (seen.has(key)) return 0;
    seen.add(key);
  }
  return stat.size;
}
