import { SysError } from '../errors.ts';
import { koffi } from './koffi.ts';

/** glibc. Each family of man pages has its own file beside this one; nothing outside `sys/ffi` uses koffi. */
export const libc = koffi.load('libc.so.6');

const EINTR = 4;

/**
 * Runs one call that returns -1 on error; retries it on EINTR; throws a SysError naming `call` and `path` else.
 * Race: errno is read at once, before anything else can run on this thread.
 */
export function check(call: string, run: () => number, path?: string): number {
  for (;;) {
    const result = run();
    if (result >= 0) return result;
    const errno = koffi.errno();
    if (errno !== EINTR) throw new SysError(call, errno, path);
  }
}

/** As `check`, but gives `-errno` instead of throwing, for calls whose failure is part of their normal work. */
export function tryCall(run: () => number): number {
  for (;;) {
    const result = run();
    if (result >= 0) return result;
    const errno = koffi.errno();
    if (errno !== EINTR) return -errno;
  }
}
