import { nodeFs } from '../lazy-node.ts';

const MEMORY_DEVICES = 1; // /dev/null, /dev/zero

/** True if `fd` is a terminal. Loads `node:tty` (costly) only for character devices that may be one. */
export function isTerminal(fd: number): boolean {
  try {
    const stat = nodeFs().fstatSync(fd);
    if (!stat.isCharacterDevice() || stat.rdev >> 8 === MEMORY_DEVICES) return false;
  } catch {
    return false;
  }
  const tty = process.getBuiltinModule('node:tty');
  return tty.isatty(fd);
}
