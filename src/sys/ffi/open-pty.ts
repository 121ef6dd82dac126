import { constants, openSync } from 'node:fs';
import { check, libc } from './libc.ts';

const ioctlCall = libc.func('int ioctl(int fd, unsigned long request, void *argument)');
const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;

/** A new pseudo-terminal: its non-blocking master, and the path of its slave. */
export function openPty(): { master: number; slavePath: string } {
  const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const number = new Int32Array(1);
  check('ioctl(TIOCSPTLCK)', () => ioctlCall(master, TIOCSPTLCK, number));
  check('ioctl(TIOCGPTN)', () => ioctlCall(master, TIOCGPTN, number));
  return { master, slavePath: `/dev/pts/${number[0]}` };
}
