import { libc, tryCall } from './libc.ts';

const writeCall = libc.func('long write(int fd, const void *buffer, size_t length)');

/** One write(2): how many bytes it took, or `-errno` (-EAGAIN when a non-blocking descriptor has no room). */
export function writeSome(fd: number, bytes: Uint8Array): number {
  return tryCall(() => Number(writeCall(fd, bytes, bytes.length)));
}
