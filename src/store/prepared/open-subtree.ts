import { closeSync, fstatSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '../../base/mod.ts';
import { cloneMount, openInRoot, openRoot } from '../../sys/mod.ts';

/** A detached mount, to be attached or closed. */
export interface Subtree {
  tree: number;
  kind: 'directory' | 'file';
}

/**
 * The file or directory `subpath` beneath `root`, links followed as if `root` were `/`. Race: what was found is what
 * will be mounted, whatever becomes of the path. `invalid` in Docker's words.
 */
export function openSubtree(root: string, subpath: string): Subtree {
  const rootFd = openRoot(root);
  try {
    const handle = openInRoot(rootFd, subpath);
    if (handle < 0) throw notAccessible(join(root, subpath), -handle);
    try {
      const tree = cloneMount(handle, '', true);
      return { tree, kind: fstatSync(tree).isDirectory() ? 'directory' : 'file' };
    } finally {
      closeSync(handle);
    }
  } finally {
    closeSync(rootFd);
  }
}

/** Compat: moby `safepath.ErrNotAccessible`. */
function notAccessible(path: string, errno: number): EngineError {
  const missing = errno === constants.errno.ENOENT || errno === constants.errno.ENOTDIR;
  const why = missing ? 'no such file or directory' : `errno ${errno}`;
  return new EngineError('invalid', `cannot access path ${path}: lstat ${path}: ${why}`);
}
