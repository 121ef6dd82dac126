import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';

/** As many entries are removed at once in less than a millisecond or two. */
const SMALL = 64;
const SMALL_DIRECTORY = 4096;

/**
 * Removes a file or a directory with all in it; never follows links. Idempotent. Takes as long as it takes: large
 * trees belong on a worker thread.
 */
export function removeTree(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

/** As `removeTree`, for the main thread: small trees are removed at once, others on a thread of the pool. */
export async function removeTreeAsync(path: string): Promise<void> {
  if (!removeSmallTree(path)) await rm(path, { recursive: true, force: true });
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
