import { constants } from 'node:os';
import { SysError } from '../errors.ts';
import { check, libc, tryCall } from './libc.ts';

const prctlCall = libc.func(
  'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
);
const flockCall = libc.func('int flock(int fd, int operation)');
const memfdCall = libc.func('int memfd_create(const char *name, unsigned int flags)');
const fcntlCall = libc.func('int fcntl(int fd, int command, long argument)');

const PR_SET_CHILD_SUBREAPER = 36;
const LOCK_EX_NB = 6;
const MFD_CLOEXEC_ALLOW_SEALING = 3;
const F_ADD_SEALS = 1033;
/** SEAL, SHRINK, GROW, WRITE. */
const ALL_SEALS = 15;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

/** From now on, orphaned descendants become children of this process. Spec: prctl(2). */
export function becomeSubreaper(): void {
  check('prctl(PR_SET_CHILD_SUBREAPER)', () => prctlCall(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
}

/** Takes an exclusive lock on an open file, for as long as it is open. False if another process has it. */
export function tryLockFile(fd: number): boolean {
  const result = tryCall(() => flockCall(fd, LOCK_EX_NB));
  if (result === 0) return true;
  if (result === -constants.errno.EWOULDBLOCK) return false;
  throw new SysError('flock', -result);
}

/** An anonymous file in memory, closed by exec; seal it once it is written. */
export function createMemfd(name: string): number {
  return check('memfd_create', () => memfdCall(name, MFD_CLOEXEC_ALLOW_SEALING));
}

/** Nobody can change the memfd's content any more. */
export function sealMemfd(fd: number): void {
  check('fcntl(F_ADD_SEALS)', () => fcntlCall(fd, F_ADD_SEALS, ALL_SEALS));
}

/** Sets or clears O_NONBLOCK on the open file description, which duplicates share. */
export function setNonBlocking(fd: number, on: boolean): void {
  const flags = check('fcntl(F_GETFL)', () => fcntlCall(fd, F_GETFL, 0));
  const wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  check('fcntl(F_SETFL)', () => fcntlCall(fd, F_SETFL, wanted));
}
