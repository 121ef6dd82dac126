import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { must, SysError } from '../errors.ts';
import { AT_FDCWD } from '../ffi/file-calls.ts';
import { attachMount, cloneMount, inPrivateMounts, makeReadOnly } from '../ffi/mount-tree.ts';
import { makeInRoot, openInRoot, openRoot, type TreePath } from './in-root.ts';

const { ENOENT } = constants.errno;

/** A tree of mounts to put together, that nobody else sees. */
export interface PrivateTree {
  /** Absolute path of its root. */
  root: string;
  /** The root itself is read-only; its mounts say for themselves. */
  readOnly: boolean;
  /** In this order: what is mounted below another comes after it. */
  mounts: readonly PrivateMount[];
}

export interface PrivateMount {
  /** Absolute path on the host. */
  source: string;
  /** Resolved within the tree, links followed there; made if it is not there. */
  destination: TreePath;
  kind: 'directory' | 'file';
  /** With what is mounted below the source. */
  recursive: boolean;
  readOnly: boolean;
}

/**
 * Puts a tree of mounts together and gives a descriptor of its root. It stands in no namespace and has no path: it is
 * there as long as the descriptor is open, in this process, also for `/proc/self/fd/N` and `openat2`. A crash leaves
 * nothing. Synchronous, some tenths of a millisecond and more where there are thousands of mounts; on a worker thread.
 */
export function assembleTree({ root, readOnly, mounts }: PrivateTree): number {
  const home = openSync('/proc/thread-self/ns/mnt', 'r');
  try {
    return inPrivateMounts(home, () => {
      const base = attachedRoot(root);
      try {
        for (const mount of mounts) attach(base, mount);
        if (readOnly) makeReadOnly(base, false);
        return cloneMount(base, '', true);
      } finally {
        closeSync(base);
      }
    });
  } finally {
    closeSync(home);
  }
}

/** A mount of its own at the root, so that nothing below it changes for others. */
function attachedRoot(root: string): number {
  const clone = cloneMount(AT_FDCWD, root, false);
  try {
    const target = openRoot(root);
    try {
      attachMount(clone, target);
    } finally {
      closeSync(target);
    }
    return clone;
  } catch (error) {
    closeSync(clone);
    throw error;
  }
}

function attach(base: number, { source, destination, kind, recursive, readOnly }: PrivateMount): void {
  const clone = cloneMount(AT_FDCWD, source, recursive);
  try {
    const target = openTarget(base, destination, kind);
    try {
      attachMount(clone, target);
    } finally {
      closeSync(target);
    }
    if (readOnly) makeReadOnly(clone, recursive);
  } finally {
    closeSync(clone);
  }
}

function openTarget(base: number, destination: TreePath, kind: PrivateMount['kind']): number {
  const found = openInRoot(base, destination);
  if (found >= 0) return found;
  if (-found !== ENOENT) throw new SysError('open', -found, destination);
  makeInRoot(base, destination, { kind, owner: { uid: 0, gid: 0 } });
  return must('open', openInRoot(base, destination), destination);
}
