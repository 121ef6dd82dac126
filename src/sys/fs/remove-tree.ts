import { lstatSync, readdirSync } from 'node:fs';
import { CallPool } from '../threads/call-pool.ts';
import { removeDirectory } from './remove-directory.ts';

/** As many entries are removed at once in less than a millisecond or two. */
const SMALL = 64;
const SMALL_DIRECTORY = 4096;

/** What the removal thread does. */
export type RemovalCalls = { remove: { args: { path: string }; result: null } };

const PROGRAM = 'sys/fs/removal-worker.ts';
/** One thread: two would only wait for each other in the filesystem's journal. */
let thread: CallPool<RemovalCalls> | undefined;

/**
 * Removes a file or a directory with all in it; never follows links, never enters mounts. Idempotent. Takes as long as
 * it takes (some 50 µs a file on ext4): large trees belong on another thread.
 */
export function removeTree(path: string): void {
  removeDirectory(path);
}

/** As `removeTree`, for the main thread: small trees are removed at once, others on a thread, one after the other. */
export async function removeTreeAsync(path: string): Promise<void> {
  if (removeSmallTree(path)) return;
  thread ??= new CallPool<RemovalCalls>({ program: PROGRAM, most: 1, descriptors: 64 });
  await thread.call('remove', { path });
}

/** Removes a tree that is gone in a millisecond or two; gives false, and does nothing, if it is larger. */
export function removeSmallTree(path: string): boolean {
  if (!isSmall(path, { left: SMALL })) return false;
  removeTree(path);
  return true;
}

/**
 * Looks at no directory that is large itself, for listing one of 100,000 files takes long too. Its size tells: 4096 bytes
 * are at most some 300 entries on ext4, and fewer elsewhere. Why not `opendir`: Bun's lists it whole.
 */
function isSmall(path: string, budget: { left: number }): boolean {
  try {
    if (lstatSync(path).size > SMALL_DIRECTORY) return false;
    const entries = readdirSync(path, { withFileTypes: true });
    budget.left -= entries.length;
    return (
      budget.left >= 0 &&
      entries.every((entry) => !entry.isDirectory() || isSmall(`${path}/${entry.name}`, budget))
    );
  } catch {
    // Not a directory, or gone.
    return true;
  }
}
