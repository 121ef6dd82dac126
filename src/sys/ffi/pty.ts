import { check, libc } from './libc.ts';

const ioctlCall = libc.func('int ioctl(int fd, unsigned long request, void *argument)');
const TIOCSWINSZ = 0x5414;

/** Sets the window size of a terminal, in characters; its foreground processes get SIGWINCH. Spec: TIOCSWINSZ(2const). */
export function setWindowSize(fd: number, height: number, width: number): void {
  const size = new Uint16Array([height, width, 0, 0]);
  check('ioctl(TIOCSWINSZ)', () => ioctlCall(fd, TIOCSWINSZ, size));
}
