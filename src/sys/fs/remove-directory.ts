import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError } from '../errors.ts';
import { renameAt, unlinkNext } from '../ffi/directory.ts';
import {
  AT_FDCWD,
  type CString,
  cString,
  O_DIRECTORY,
  O_NOFOLLOW,
  openAt,
  unlinkAt,
} from '../ffi/file-calls.ts';
import { openAt2, RESOLVE_NO_XDEV } from '../ffi/openat2.ts';

const { ENOENT, EISDIR, ENOTDIR, ENOTEMPTY, EEXIST } = constants.errno;
const AT_REMOVEDIR = 0x200;
const FLAGS = O_DIRECTORY | O_NOFOLLOW;
/** Each level has a descriptor open: what lies deeper is moved up first. */
const MAX_DEPTH = 48;
/** Somebody may still put files into what is being removed. */
const ATTEMPTS = 5;

/**
 * Removes `path`, a file or a directory with all in it, by the fewest calls: one for each name, three more for a
 * directory. Never follows links, never enters what is mounted in there, and no depth of directories is too much.
 * Idempotent. Goes on after a failure, and throws SysError for the first in the end.
 */
export function removeDirectory(path: string): void {
  const name = cString(path);
  const result = unlinkAt(AT_FDCWD, name);
  if (result === 0 || result === -ENOENT || result === -ENOTDIR) return;
  if (result !== -EISDIR) throw new SysError('unlink', -result, path);
  const fd = openAt(AT_FDCWD, name, FLAGS);
  if (fd === -ENOENT) return;
  if (fd < 0) throw new SysError('open', -fd, path);
  const removal = new Removal(fd);
  try {
    removal.empty(fd, 0);
  } finally {
    closeSync(fd);
  }
  const last = unlinkAt(AT_FDCWD, name, AT_REMOVEDIR);
  const failure = removal.failure ?? (last < 0 && last !== -ENOENT ? ['rmdir', -last] : undefined);
  if (failure) throw new SysError(failure[0], failure[1], path);
}

class Removal {
  readonly #root: number;
  #moved = 0;
  /** Directories that were moved up to the root. */
  #pending: CString[] = [];
  failure: [call: string, errno: number] | undefined;

  constructor(root: number) {
    this.#root = root;
  }

  /** Removes all that is in the directory `fd`. */
  empty(fd: number, depth: number): void {
    const directories: CString[] = [];
    for (let count = 1; count > 0; ) {
      count = unlinkNext(fd, (name, result) => {
        if (result === -EISDIR) directories.push(name);
        else if (result !== -ENOENT) this.#note('unlink', result);
      });
      if (count < 0) this.#note('getdents64', count);
    }
    for (const name of directories) this.#directory(fd, name, depth + 1);
    if (depth > 0) return;
    for (let name = this.#pending.pop(); name; name = this.#pending.pop()) this.#directory(fd, name, 1);
  }

  #directory(parent: number, name: CString, depth: number): void {
    if (depth > MAX_DEPTH && this.#moveUp(parent, name)) return;
    for (let attempt = 1; ; attempt++) {
      const fd = openAt2(parent, name, FLAGS, RESOLVE_NO_XDEV);
      if (fd === -ENOENT) return;
      if (fd < 0) {
        this.#note('open', fd);
        return;
      }
      try {
        this.empty(fd, depth);
      } finally {
        closeSync(fd);
      }
      const result = unlinkAt(parent, name, AT_REMOVEDIR);
      if (result === 0 || result === -ENOENT) return;
      if (this.failure || result !== -ENOTEMPTY || attempt === ATTEMPTS) {
        this.#note('rmdir', result);
        return;
      }
    }
  }

  #moveUp(parent: number, name: CString): boolean {
    for (;;) {
      const here = cString(`.minke-removed-${this.#moved++}`);
      const result = renameAt(parent, name, this.#root, here);
      if (result === -EEXIST || result === -ENOTEMPTY || result === -ENOTDIR) continue;
      if (result === 0) this.#pending.push(here);
      return result === 0;
    }
  }

  #note(call: string, result: number): void {
    this.failure ??= [call, -result];
  }
}
