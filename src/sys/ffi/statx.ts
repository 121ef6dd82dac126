import { type CString, cString } from './file-calls.ts';
import { check, libc, tryCall } from './libc.ts';

const statxC = libc.func('statx', 'int', ['int', 'void *', 'int', 'uint32', 'void *']);
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_NO_AUTOMOUNT = 0x800;
const AT_EMPTY_PATH = 0x1000;
const STATX_TYPE = 1;
const STATX_MNT_ID = 0x1000;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
/** Spec: statx(2), `struct statx`: where the mask, the mode and the mount are in it. */
const [MASK, MODE, MOUNT, SIZE] = [0, 28, 144, 256];

const result = new Uint8Array(SIZE);
const view = new DataView(result.buffer);
const EMPTY = cString('');

/** Of what a name or a descriptor stands for. */
export interface FoundNode {
  isDirectory: boolean;
  /** Of two in one process, different numbers mean different mounts. */
  mountId: number;
}

/** Of a name in an open directory, in one call; `-errno` on error. A link is itself. */
export function nodeAt(directory: number, name: CString): FoundNode | number {
  const flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  const code = tryCall(() => statxC(directory, name, flags, STATX_TYPE | STATX_MNT_ID, result));
  return code < 0 ? code : node();
}

/** Of an open descriptor, whatever it was opened for. */
export function nodeOf(fd: number): FoundNode {
  check('statx', () => statxC(fd, EMPTY, AT_EMPTY_PATH, STATX_TYPE | STATX_MNT_ID, result));
  return node();
}

function node(): FoundNode {
  // Since Linux 5.8. Not known is like no other.
  const isKnown = (view.getUint32(MASK, true) & STATX_MNT_ID) !== 0;
  return {
    isDirectory: (view.getUint16(MODE, true) & S_IFMT) === S_IFDIR,
    mountId: isKnown ? Number(view.getBigUint64(MOUNT, true)) : Number.NaN,
  };
}
