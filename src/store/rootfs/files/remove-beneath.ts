import { closeSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import {
  cString,
  mountIdOf,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  SysError,
  unlinkAt,
} from '../../../sys/mod.ts';

const { ENOENT, EBUSY, ENAMETOOLONG } = constants.errno;
const AT_REMOVEDIR = 0x200;
/** Each level is a descriptor. */
const MAX_DEPTH = 1024;

/**
 * Removes `name` (one character a byte) in an open directory, with all in it; follows no link. Throws SysError EBUSY
 * for what is mounted in there. Why looked at here: the kernel refuses to remove a mount point of one's own namespace
 * only; one of a private tree, or of a running container, it would unmount.
 */
export function removeBeneath(directory: number, name: string, mountId: number, depth = 0): void {
  if (depth > MAX_DEPTH) throw new SysError('unlinkat', ENAMETOOLONG);
  const cName = cString(name, 'latin1');
  const node = openAt(directory, cName, O_PATH | O_NOFOLLOW);
  if (node === -ENOENT) return;
  if (node < 0) throw new SysError('open', -node);
  const inside = openIfDirectory(node, mountId);
  if (inside !== undefined) {
    try {
      for (const child of readdirSync(`/proc/self/fd/${inside}`, { encoding: 'latin1' })) {
        removeBeneath(inside, child, mountId, depth + 1);
      }
    } finally {
      closeSync(inside);
    }
  }
  const result = unlinkAt(directory, cName, inside === undefined ? 0 : AT_REMOVEDIR);
  if (result < 0 && result !== -ENOENT) throw new SysError('unlinkat', -result);
}

/** Closes `node`; of a directory it gives one that can be read. */
function openIfDirectory(node: number, mountId: number): number | undefined {
  try {
    if (mountIdOf(node) !== mountId) throw new SysError('unlinkat', EBUSY);
    return fstatSync(node).isDirectory() ? openSync(`/proc/self/fd/${node}`, O_DIRECTORY) : undefined;
  } finally {
    closeSync(node);
  }
}
