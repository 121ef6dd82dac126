import { must } from '../errors.ts';
import { O_CLOEXEC } from './file-calls.ts';
import { check, libc, tryCall } from './libc.ts';
import { openNetSysctl } from './own-proc.ts';

const c = {
  open: libc.func('int open(const char *path, int flags, int mode)'),
  close: libc.func('int close(int fd)'),
  write: libc.func('intptr_t write(int fd, const void *data, size_t length)'),
  unshare: libc.func('int unshare(int flags)'),
  setns: libc.func('int setns(int fd, int type)'),
  mount: libc.func(
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)',
  ),
  umount2: libc.func('int umount2(const char *target, int flags)'),
};

const O_WRONLY = 1;
const O_EXCL = 0o200;
const O_CREAT = 0o100;
const CLONE_NEWNET = 0x40000000;
const MS_BIND = 4096;
const MNT_DETACH = 2;
const EINVAL = 22;
const ENOENT = 2;

const OWN = '/proc/thread-self/ns/net';

/** The namespace that a thread of the process was in before its first visit; never closed. */
let home: number | undefined;

function homeNamespace(): number {
  home ??= check('open', () => c.open(OWN, O_CLOEXEC, 0), OWN);
  return home;
}

/**
 * Makes a network namespace and gives a descriptor of it (to be closed with `closeNamespace`), and what `inside`
 * makes there. `inside` is bound by the rule of `visitNamespace`.
 */
export function createNamespace<T>(inside: () => T): { fd: number; made: T } {
  const back = homeNamespace();
  check('unshare', () => c.unshare(CLONE_NEWNET));
  try {
    const fd = check('open', () => c.open(OWN, O_CLOEXEC, 0), OWN);
    try {
      return { fd, made: inside() };
    } catch (error) {
      c.close(fd);
      throw error;
    }
  } finally {
    check('setns', () => c.setns(back, CLONE_NEWNET));
  }
}

/**
 * Runs `inside` in a network namespace: this thread moves there and back.
 * Race: nothing in `inside` may wait or use `node:fs`: a thread that the runtime starts meanwhile would stay in there
 * for good. It may open sockets through `sys/ffi` and use `writeSysctl`.
 */
export function visitNamespace<T>(fd: number, inside: () => T): T {
  const back = homeNamespace();
  check('setns', () => c.setns(fd, CLONE_NEWNET));
  try {
    return inside();
  } finally {
    check('setns', () => c.setns(back, CLONE_NEWNET));
  }
}

export function openNamespace(path: string): number {
  return check('open', () => c.open(path, O_CLOEXEC, 0), path);
}

export function closeNamespace(fd: number): void {
  c.close(fd);
}

/**
 * Writes `/proc/sys/net/<name>` of the namespace this thread is in; false if there is no such file (IPv6 may be
 * missing as a whole).
 */
export function writeSysctl(name: string, value: string): boolean {
  const path = `/proc/sys/net/${name}`;
  const fd = openNetSysctl(name, O_WRONLY);
  if (fd === -ENOENT) return false;
  must('open', fd, path);
  try {
    const bytes = Buffer.from(value);
    check('write', () => Number(c.write(fd, bytes, bytes.length)), path);
    return true;
  } finally {
    c.close(fd);
  }
}

/**
 * Keeps a namespace alive beyond its processes, and gives it a path: bind-mounts it onto the new file `path`.
 * Crash: the file may be left without the mount; `unpinNamespace` removes either.
 */
export function pinNamespace(fd: number, path: string): void {
  c.close(check('open', () => c.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444), path));
  check('mount', () => c.mount(`/proc/self/fd/${fd}`, path, 'none', MS_BIND, null), path);
}

/** Takes the mount away; false if there was none. The file stays. */
export function unpinNamespace(path: string): boolean {
  const result = tryCall(() => c.umount2(path, MNT_DETACH));
  if (result === -EINVAL || result === -ENOENT) return false;
  check('umount', () => result, path);
  return true;
}
