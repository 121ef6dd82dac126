import { closeSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import {
  type CString,
  cString,
  nodeAt,
  nodeOf,
  O_DIRECTORY,
  O_NOFOLLOW,
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
  const node = nodeAt(directory, cName);
  if (node === -ENOENT) return;
  if (typeof node === 'number') throw new SysError('statx', -node);
  if (node.mountId !== mountId) throw new SysError('unlinkat', EBUSY);
  if (node.isDirectory) empty(directory, cName, mountId, depth);
  const result = unlinkAt(directory, cName, node.isDirectory ? AT_REMOVEDIR : 0);
  if (result < 0 && result !== -ENOENT) throw new SysError('unlinkat', -result);
}

function empty(directory: number, name: CString, mountId: number, depth: number): void {
  const fd = openAt(directory, name, O_DIRECTORY | O_NOFOLLOW);
  if (fd === -ENOENT) return;
  if (fd < 0) throw new SysError('open', -fd);
  try {
    // Race: something was mounted there meanwhile.
    if (nodeOf(fd).mountId !== mountId) throw new SysError('unlinkat', EBUSY);
    for (const child of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'latin1' })) {
      removeBeneath(fd, child, mountId, depth + 1);
    }
  } finally {
    closeSync(fd);
  }
}
