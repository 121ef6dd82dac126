import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError } from '../errors.ts';
import { AT_FDCWD, type CString, cString, O_PATH, openAt } from './file-calls.ts';
import { check, libc, tryCall } from './libc.ts';

export const MS_RDONLY = 0x1;
export const MS_REMOUNT = 0x20;
export const MS_BIND = 0x1000;
export const MS_SHARED = 0x100000;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

const mountC = libc.func('mount', 'int', ['void *', 'void *', 'void *', 'ulong', 'void *']);
const umountC = libc.func('umount2', 'int', ['void *', 'int']);
const syscallC = libc.func('syscall', 'long', [
  'long',
  'intptr_t',
  'intptr_t',
  'void *',
  'void *',
  'intptr_t',
]);
const moveMountC = libc.func('syscall', 'long', ['long', 'int', 'void *', 'int', 'void *', 'uint32']);
const fsopenC = libc.func('syscall', 'long', ['long', 'void *', 'uint32']);

const SYS_MOVE_MOUNT = 429;
const SYS_FSOPEN = 430;
const SYS_FSCONFIG = 431;
const SYS_FSMOUNT = 432;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const MOVE_MOUNT_F_EMPTY_PATH = 0x4;

/** mount(2). Options of more than a page minus one byte are EINVAL. */
export function mount(source: string, target: string, type: string, flags: number, options = ''): void {
  const data = options === '' ? null : cString(options);
  check('mount', () => mountC(cString(source), cString(target), cString(type), flags, data), target);
}

/** umount2(2). Gives false if nothing is mounted there or there is no such path. */
export function unmount(target: string, flags = MNT_DETACH | UMOUNT_NOFOLLOW): boolean {
  const result = tryCall(() => umountC(cString(target), flags));
  if (result === 0) return true;
  if (result === -constants.errno.EINVAL || result === -constants.errno.ENOENT) return false;
  throw new SysError('umount', -result, target);
}

/**
 * Mounts by the calls of kernel 5.2 (`fsopen`, `fsconfig`, `fsmount`, `move_mount`), whose options are given one by
 * one and so are not bound to a page together.
 */
export function mountByParameters(
  type: string,
  target: string,
  parameters: readonly (readonly [string, string?])[],
): void {
  const fs = check('fsopen', () => Number(fsopenC(SYS_FSOPEN, cString(type), 1)), type);
  try {
    for (const [key, value] of parameters) {
      if (value === undefined) configure(fs, FSCONFIG_SET_FLAG, cString(key), null, key);
      else configure(fs, FSCONFIG_SET_STRING, cString(key), cString(value), `${key}=${value}`);
    }
    configure(fs, FSCONFIG_CMD_CREATE, null, null, target);
    const mounted = check('fsmount', () => Number(syscallC(SYS_FSMOUNT, fs, 1, null, null, 0)), target);
    try {
      const flags = MOVE_MOUNT_F_EMPTY_PATH;
      const to = cString(target);
      check(
        'move_mount',
        () => Number(moveMountC(SYS_MOVE_MOUNT, mounted, cString(''), AT_FDCWD, to, flags)),
        target,
      );
    } finally {
      closeSync(mounted);
    }
  } finally {
    closeSync(fs);
  }
}

function configure(
  fs: number,
  command: number,
  key: CString | null,
  value: CString | null,
  what: string,
): void {
  check('fsconfig', () => Number(syscallC(SYS_FSCONFIG, fs, command, key, value, 0)), what);
}

/**
 * Takes a mount out of the tree at once, and gives a descriptor that still holds it: closing that is what may take
 * long (overlayfs syncs all of its upper filesystem then), so it belongs on another thread. Undefined if nothing is
 * mounted there.
 */
export function detachMount(target: string): number | undefined {
  const holder = openAt(AT_FDCWD, cString(target), O_PATH);
  if (holder < 0) return undefined;
  try {
    if (unmount(target)) return holder;
  } catch (error) {
    closeSync(holder);
    throw error;
  }
  closeSync(holder);
  return undefined;
}
