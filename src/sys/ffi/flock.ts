import { closeSync, openSync } from 'node:fs';
import { check, libc } from './libc.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

const flock = libc.func('int flock(int fd, int operation)');

/**
 * Takes the lock on `path`, made if it is not there, for as long as this process lives. Gives undefined if another
 * process holds it. Spec: flock(2).
 */
export function lockFile(path: string): Disposable | undefined {
  const fd = openSync(path, 'a', 0o600);
  try {
    check('flock', () => flock(fd, LOCK_EX | LOCK_NB) as number, path);
  } catch (error) {
    closeSync(fd);
    if ((error as { code?: string }).code === 'EAGAIN') return undefined;
    throw error;
  }
  return { [Symbol.dispose]: () => closeSync(fd) };
}
