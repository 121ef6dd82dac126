import { type CString, O_CLOEXEC } from './file-calls.ts';
import { libc, tryCall } from './libc.ts';

export const RESOLVE_NO_XDEV = 0x01;
export const RESOLVE_NO_MAGICLINKS = 0x02;
export const RESOLVE_NO_SYMLINKS = 0x04;
export const RESOLVE_BENEATH = 0x08;
export const RESOLVE_IN_ROOT = 0x10;

const SYS_OPENAT2 = 437;
const EAGAIN = 11;
const syscallC = libc.func('syscall', 'long', ['long', 'int', 'void *', 'void *', 'size_t']);
const how = new BigUint64Array(3);

/**
 * openat2(2), always with O_CLOEXEC: opens `path` beneath `dir`; the kernel keeps what links and `..` do within
 * `resolve`'s bounds. Gives `-errno` on error. Race: EAGAIN says that something was renamed meanwhile; it is retried.
 */
export function openAt2(dir: number, path: CString, flags: number, resolve: number, mode = 0): number {
  how[0] = BigInt(flags | O_CLOEXEC);
  how[1] = BigInt(mode);
  how[2] = BigInt(resolve);
  for (let attempt = 0; ; attempt++) {
    const fd = tryCall(() => Number(syscallC(SYS_OPENAT2, dir, path, how, how.byteLength)));
    if (fd !== -EAGAIN || attempt === 100) return fd;
  }
}
