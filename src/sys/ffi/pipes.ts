import { constants } from 'node:os';
import { SysError } from '../errors.ts';
import { O_CLOEXEC } from './file-calls.ts';
import { check, libc, tryCall } from './libc.ts';

const teeCall = libc.func('long tee(int from, int to, size_t length, unsigned int flags)');
const spliceCall = libc.func(
  'long splice(int from, void *offIn, int to, void *offOut, size_t length, unsigned int flags)',
);
const fcntlCall = libc.func('int fcntl(int fd, int command, long argument)');
const ioctlCall = libc.func('int ioctl(int fd, unsigned long request, void *argument)');
const pipe2Call = libc.func('int pipe2(void *fds, int flags)');
const mkfifoCall = libc.func('int mkfifo(const char *path, unsigned int mode)');

const SPLICE_F_NONBLOCK = 2;
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;
const FIONREAD = 0x541b;
const O_NONBLOCK = 0o4000;

/** tee(2): shows up to `length` bytes of the pipe `from` to the pipe `to` without taking them. Bytes or `-errno`. */
export function tee(from: number, to: number, length: number): number {
  return tryCall(() => teeCall(from, to, length, SPLICE_F_NONBLOCK));
}

/** splice(2) without offsets: moves up to `length` bytes where one side is a pipe. Bytes or `-errno`. */
export function splice(from: number, to: number, length: number): number {
  return tryCall(() => spliceCall(from, null, to, null, length, SPLICE_F_NONBLOCK));
}

/**
 * Asks for a pipe of that capacity; gives the capacity it has then. The kernel refuses (EPERM) where the user's
 * share of pipe memory is used up: the pipe stays as it was.
 */
export function growPipe(fd: number, bytes: number): number {
  const got = tryCall(() => fcntlCall(fd, F_SETPIPE_SZ, bytes));
  return got >= 0 ? got : check('fcntl(F_GETPIPE_SZ)', () => fcntlCall(fd, F_GETPIPE_SZ, 0));
}

const countBuffer = new Int32Array(1);

/** How many bytes can be read at once now (FIONREAD), of a pipe, socket or terminal. */
export function bytesWaiting(fd: number): number {
  check('ioctl(FIONREAD)', () => ioctlCall(fd, FIONREAD, countBuffer));
  return countBuffer[0] ?? 0;
}

/** A pipe of this process, non-blocking at both ends and closed by exec. */
export function openPipe(): { reader: number; writer: number } {
  const fds = new Int32Array(2);
  check('pipe2', () => pipe2Call(fds, O_NONBLOCK | O_CLOEXEC));
  return { reader: fds[0] ?? -1, writer: fds[1] ?? -1 };
}

/** mkfifo(3). */
export function makeFifo(path: string, mode: number): void {
  check('mkfifo', () => mkfifoCall(path, mode), path);
}

/** The same, where one may be there already, which stays; an error costs more than the call. */
export function ensureFifo(path: string, mode: number): void {
  const result = tryCall(() => mkfifoCall(path, mode));
  if (result < 0 && result !== -constants.errno.EEXIST) throw new SysError('mkfifo', -result, path);
}
