import { rmSync } from 'node:fs';

/**
 * Removes a file or a directory with all in it; never follows links. Idempotent. Takes as long as it takes: large
 * trees belong on a worker thread.
 */
export function removeTree(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
