import { check, libc, tryCall } from './libc.ts';

const readCall = libc.func('long read(int fd, void *buffer, size_t length)');
const writeCall = libc.func('long write(int fd, const void *buffer, size_t length)');
const preadCall = libc.func('long pread(int fd, void *buffer, size_t length, int64_t offset)');
const pwriteCall = libc.func('long pwrite(int fd, const void *buffer, size_t length, int64_t offset)');
const lseekCall = libc.func('int64_t lseek(int fd, int64_t offset, int whence)');
const ftruncateCall = libc.func('int ftruncate(int fd, int64_t length)');
const dupCall = libc.func('int fcntl(int fd, int command, long argument)');

const closeCall = libc.func('int close(int fd)');

const SEEK_END = 2;
const F_DUPFD_CLOEXEC = 1030;

/**
 * read(2) into `buffer`, which the caller reuses. Gives the number of bytes, 0 at the end of the file, or `-errno`:
 * EAGAIN (and EIO of a PTY) are everyday answers, not errors.
 */
export function readInto(fd: number, buffer: Uint8Array): number {
  return tryCall(() => readCall(fd, buffer, buffer.length));
}

/** read(2) of at most `length` bytes to `at` in `buffer`; gives as `readInto` does. */
export function readAtInto(fd: number, buffer: Uint8Array, at: number, length: number): number {
  const view = new Uint8Array(buffer.buffer, buffer.byteOffset + at, length);
  return tryCall(() => readCall(fd, view, length));
}

/** close(2): a fifth of what `node:fs` takes, where there are several for each file of a tree. */
export function closeFd(fd: number): void {
  closeCall(fd);
}

/** pread(2): as `readInto`, from `offset`. */
export function readIntoAt(fd: number, buffer: Uint8Array, offset: number): number {
  return tryCall(() => preadCall(fd, buffer, buffer.length, offset));
}

/** Writes all of `buffer`, in as many calls as it takes. Throws SysError; a part may have been written then. */
export function writeAll(fd: number, buffer: Uint8Array, path?: string): void {
  for (let rest = buffer; rest.length > 0; ) {
    const written = check('write', () => writeCall(fd, rest, rest.length), path);
    if (written === rest.length) return;
    rest = rest.subarray(written);
  }
}

/** pwrite(2) of a small record in one call. */
export function writeAt(fd: number, buffer: Uint8Array, offset: number, path?: string): void {
  check('pwrite', () => pwriteCall(fd, buffer, buffer.length, offset), path);
}

/** The file's size now, whoever changed it; moves the descriptor's position to the end. */
export function seekEnd(fd: number): number {
  return check('lseek', () => lseekCall(fd, 0, SEEK_END));
}

/** ftruncate(2). */
export function truncateFile(fd: number, length: number, path?: string): void {
  check('ftruncate', () => ftruncateCall(fd, length), path);
}

/** A second descriptor of the same open file, closed by exec. */
export function duplicate(fd: number): number {
  return check('fcntl', () => dupCall(fd, F_DUPFD_CLOEXEC, 0));
}
