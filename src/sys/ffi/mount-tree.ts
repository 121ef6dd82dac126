import { constants } from 'node:os';
import { SysError } from '../errors.ts';
import { cString, O_CLOEXEC } from './file-calls.ts';
import { check, libc, tryCall } from './libc.ts';

/**
 * Mounts by descriptor, and a mount namespace for one thread. Spec: open_tree(2), move_mount(2), mount_setattr(2),
 * unshare(2), setns(2).
 */
const openTreeC = libc.func('syscall', 'long', ['long', 'int', 'void *', 'uint32']);
const moveMountC = libc.func('syscall', 'long', ['long', 'int', 'void *', 'int', 'void *', 'uint32']);
const setAttributesC = libc.func('syscall', 'long', ['long', 'int', 'void *', 'uint32', 'void *', 'size_t']);
const mountC = libc.func('mount', 'int', ['void *', 'void *', 'void *', 'ulong', 'void *']);
const unshareC = libc.func('unshare', 'int', ['int']);
const setnsC = libc.func('setns', 'int', ['int', 'int']);

const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const SYS_MOUNT_SETATTR = 442;
const OPEN_TREE_CLONE = 1;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const MOVE_MOUNT_F_EMPTY_PATH = 0x04;
const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
const MOUNT_ATTR_RDONLY = 1n;
const MOUNT_ATTR_IDMAP = 0x10_0000n;
const CLONE_NEWNS = 0x20000;
const CLONE_FS = 0x200;
const MS_RDONLY = 0x1;
const MS_REMOUNT = 0x20;
const MS_BIND = 0x1000;
const MS_REC = 0x4000;
const MS_SLAVE = 0x80000;
const EMPTY = cString('');

/**
 * A detached copy of the mount at `path` (of what `dir` stands for, if it is ''), with the mounts below it if
 * `recursive`. It is gone when the descriptor is closed, unless it was attached.
 */
export function cloneMount(dir: number, path: string, recursive: boolean): number {
  const flags =
    OPEN_TREE_CLONE | O_CLOEXEC | (path === '' ? AT_EMPTY_PATH : 0) | (recursive ? AT_RECURSIVE : 0);
  return check('open_tree', () => Number(openTreeC(SYS_OPEN_TREE, dir, cString(path), flags)), path);
}

/** Attaches a detached mount onto what the descriptor `target` stands for. No path is resolved. */
export function attachMount(mount: number, target: number): void {
  const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  check('move_mount', () => Number(moveMountC(SYS_MOVE_MOUNT, mount, EMPTY, target, EMPTY, flags)));
}

/** Makes the mount that `fd` is the root of read-only, and those below it if `recursive`. */
export function makeReadOnly(fd: number, recursive: boolean): void {
  const attributes = new BigUint64Array([MOUNT_ATTR_RDONLY, 0n, 0n, 0n]);
  const flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  const result = tryCall(() =>
    Number(setAttributesC(SYS_MOUNT_SETATTR, fd, EMPTY, flags, attributes, attributes.byteLength)),
  );
  if (result >= 0) return;
  if (result !== -constants.errno.ENOSYS) throw new SysError('mount_setattr', -result);
  // Kernels before 5.12: the mount itself, once it is attached; what is below it stays as it is.
  const path = cString(`/proc/self/fd/${fd}/.`);
  check('mount', () => mountC(cString('none'), path, null, MS_REMOUNT | MS_BIND | MS_RDONLY, null));
}

/**
 * Lets the files of a detached mount, and of those below it if `recursive`, appear with owners mapped as the user
 * namespace `mapping` maps (kernel 5.12). EINVAL where a file system cannot.
 */
export function mapMount(fd: number, mapping: number, recursive: boolean): void {
  const attributes = new BigUint64Array([MOUNT_ATTR_IDMAP, 0n, 0n, BigInt(mapping)]);
  const flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  check('mount_setattr', () =>
    Number(setAttributesC(SYS_MOUNT_SETATTR, fd, EMPTY, flags, attributes, attributes.byteLength)),
  );
}

/**
 * Runs `inside` in a mount namespace of this thread's own, which is gone when it returns; mounts made there are seen
 * nowhere else. The host's later changes reach it meanwhile, but not the other way round.
 * Race: as in `visitNamespace`, nothing in `inside` may wait: a thread that the runtime starts meanwhile would stay in
 * there. Only for worker threads: afterwards the thread has a working directory and umask of its own.
 */
export function inPrivateMounts<T>(home: number, inside: () => T): T {
  check('unshare', () => unshareC(CLONE_NEWNS));
  try {
    check('mount', () => mountC(cString('none'), cString('/'), null, MS_REC | MS_SLAVE, null), '/');
    return inside();
  } finally {
    // Race: a thread that was started meanwhile shares root and working directory with this one, and setns refuses.
    check('unshare', () => unshareC(CLONE_FS));
    check('setns', () => setnsC(home, CLONE_NEWNS));
  }
}
