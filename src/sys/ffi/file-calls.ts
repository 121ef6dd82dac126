import { constants } from 'node:fs';
import { libc, tryCall } from './libc.ts';

/**
 * Calls on files relative to a directory's descriptor. Names are C strings (`cString`): bytes, so that names that are
 * not UTF-8 work, and reusable, since there are several calls for each file of a layer. All give `-errno` on error:
 * many failures (EEXIST, ENOENT) are part of the normal work of their callers, `must` throws for the others.
 */
export type CString = Uint8Array & { readonly __brand: 'CString' };

export const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;
/** These two are other numbers on arm64 than on x86-64. */
export const { O_DIRECTORY, O_NOFOLLOW } = constants;
/** A file that was not there, for writing only. */
export const O_CREATE_NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | O_NOFOLLOW;

const openatC = libc.func('openat', 'int', ['int', 'void *', 'int', 'uint32']);
const mkdiratC = libc.func('mkdirat', 'int', ['int', 'void *', 'uint32']);
const mknodatC = libc.func('mknodat', 'int', ['int', 'void *', 'uint32', 'uint64']);
const symlinkatC = libc.func('symlinkat', 'int', ['void *', 'int', 'void *']);
const linkatC = libc.func('linkat', 'int', ['int', 'void *', 'int', 'void *', 'int']);
const unlinkatC = libc.func('unlinkat', 'int', ['int', 'void *', 'int']);
const readlinkatC = libc.func('readlinkat', 'intptr_t', ['int', 'void *', 'void *', 'size_t']);
const fchownatC = libc.func('fchownat', 'int', ['int', 'void *', 'uint32', 'uint32', 'int']);
const fchmodatC = libc.func('fchmodat', 'int', ['int', 'void *', 'uint32', 'int']);
const fchmodC = libc.func('fchmod', 'int', ['int', 'uint32']);
const utimensatC = libc.func('utimensat', 'int', ['int', 'void *', 'void *', 'int']);
const futimensC = libc.func('futimens', 'int', ['int', 'void *']);
const syncfsC = libc.func('syncfs', 'int', ['int']);

/** The bytes of `text` (UTF-8; or one byte for each character, for `latin1`) with the NUL that C wants. */
export function cString(text: string, encoding: 'utf8' | 'latin1' = 'utf8'): CString {
  return Buffer.from(`${text}\0`, encoding) as Uint8Array as CString;
}

/** openat(2), always with O_CLOEXEC. */
export function openAt(dir: number, name: CString, flags: number, mode = 0): number {
  return tryCall(() => openatC(dir, name, flags | O_CLOEXEC, mode));
}

export function mkdirAt(dir: number, name: CString, mode: number): number {
  return tryCall(() => mkdiratC(dir, name, mode));
}

/** mknodat(2); `mode` has the file type. `device` is made by `makeDevice`. */
export function mknodAt(dir: number, name: CString, mode: number, device = 0): number {
  return tryCall(() => mknodatC(dir, name, mode, device));
}

export function symlinkAt(target: CString, dir: number, name: CString): number {
  return tryCall(() => symlinkatC(target, dir, name));
}

/** linkat(2) that does not follow a symbolic link at `from`. */
export function linkAt(fromDir: number, from: CString, toDir: number, to: CString): number {
  return tryCall(() => linkatC(fromDir, from, toDir, to, 0));
}

export function unlinkAt(dir: number, name: CString, flags = 0): number {
  return tryCall(() => unlinkatC(dir, name, flags));
}

/**
 * The target of a symbolic link; '' as name reads the link that `dir` itself is (O_PATH). Undefined on error. `latin1`
 * gives one character for each byte.
 */
export function readlinkAt(
  dir: number,
  name: CString,
  encoding: 'utf8' | 'latin1' = 'utf8',
): string | undefined {
  const buffer = Buffer.alloc(4096);
  const length = tryCall(() => readlinkatC(dir, name, buffer, buffer.length));
  return length < 0 ? undefined : buffer.toString(encoding, 0, length);
}

/** fchownat(2) that never follows a link. */
export function chownAt(dir: number, name: CString, uid: number, gid: number): number {
  return tryCall(() => fchownatC(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW));
}

/**
 * fchmodat(2) that never follows a link: `-EOPNOTSUPP` for one. Race: a container may put a link in the place of what
 * was made a moment ago.
 */
export function chmodAt(dir: number, name: CString, mode: number): number {
  return tryCall(() => fchmodatC(dir, name, mode, AT_SYMLINK_NOFOLLOW));
}

export function chmodFd(fd: number, mode: number): number {
  return tryCall(() => fchmodC(fd, mode));
}

const times = new BigInt64Array(4);

/** Sets access and modification time of `name` in `dir`, of a link itself. */
export function setTimesAt(dir: number, name: CString, seconds: number, nanoseconds: number): number {
  fillTimes(seconds, nanoseconds);
  return tryCall(() => utimensatC(dir, name, times, AT_SYMLINK_NOFOLLOW));
}

/** Sets access and modification time of an open file. */
export function setTimesFd(fd: number, seconds: number, nanoseconds: number): number {
  fillTimes(seconds, nanoseconds);
  return tryCall(() => futimensC(fd, times));
}

function fillTimes(seconds: number, nanoseconds: number): void {
  times[0] = times[2] = BigInt(seconds);
  times[1] = times[3] = BigInt(nanoseconds);
}

/** Writes all dirty data of the filesystem of `fd` to disk. May take minutes: never on the main thread. */
export function syncFilesystem(fd: number): number {
  return tryCall(() => syncfsC(fd));
}

/** Spec: `dev_t` as the kernel's `new_decode_dev` reads it: 12 bits of major, 20 of minor. */
export function makeDevice(major: number, minor: number): number {
  return ((major & 0xfff) << 8) | (minor & 0xff) | ((minor & 0xfff00) << 12);
}
