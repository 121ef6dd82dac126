import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { EngineError } from '../../../base/mod.ts';
import { type ByteString, displayBytes, type Timestamp } from '../../../spec/tar/mod.ts';
import {
  type CString,
  cString,
  mkdirAt,
  must,
  O_DIRECTORY,
  O_PATH,
  openAt,
  openAt2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  setTimesAt,
} from '../../../sys/mod.ts';
import { type MemberPath, splitMemberPath } from './member-path.ts';

const { ENOENT, EEXIST } = constants.errno;
const OPEN_DIRECTORIES = 24;

/** What is known of a directory of the layer. */
interface Known {
  /** The archive has a member for it; others are only implied by what lies in them. */
  declared: boolean;
  mtime?: Timestamp;
}

/**
 * The tree that a layer is unpacked into. It hands out descriptors of directories, so that everything is done by
 * `*at` calls with one component. Links that the same archive made are followed by the kernel within the root
 * (RESOLVE_IN_ROOT), as Docker's chroot does.
 */
export class LayerTree {
  readonly root: number;
  readonly #known = new Map<MemberPath, Known>();
  /** Open directories, the latest used last. */
  readonly #open = new Map<MemberPath, number>();

  /** Takes over `root`, a descriptor of an empty directory. */
  constructor(root: number) {
    this.root = root;
  }

  /** A descriptor of a directory; it and its parents are made if they are missing. Valid until the next call. */
  directory(path: MemberPath): number {
    if (path === '') return this.root;
    const cached = this.#open.get(path);
    if (cached !== undefined) {
      this.#open.delete(path);
      this.#open.set(path, cached);
      return cached;
    }
    let fd = this.#openInRoot(path);
    if (fd === -ENOENT) {
      this.#imply(path);
      fd = this.#openInRoot(path);
    }
    if (fd < 0) throw badPath(path, fd);
    this.#remember(path, fd);
    return fd;
  }

  /** A descriptor of a directory if it is there, else `-errno`. The caller closes it by `release`. */
  existing(path: MemberPath): number {
    return path === '' ? this.root : (this.#open.get(path) ?? this.#openInRoot(path));
  }

  release(path: MemberPath, fd: number): void {
    if (fd >= 0 && fd !== this.root && this.#open.get(path) !== fd) closeSync(fd);
  }

  /** True if a member stood for this directory; undefined if there is no such directory. */
  isDeclared(path: MemberPath): boolean | undefined {
    return this.#known.get(path)?.declared;
  }

  /** A member stands for this directory. Its time is set when the layer is complete. */
  declare(path: MemberPath, mtime: Timestamp): void {
    this.#known.set(path, { declared: true, mtime });
  }

  /** Directories that no member stands for: they take after the parent layer's when the layer is committed. */
  implied(): MemberPath[] {
    const paths = [...this.#known].filter(([, known]) => !known.declared).map(([path]) => path);
    return this.#known.get('' as MemberPath)?.declared ? paths : ['' as MemberPath, ...paths];
  }

  /** Sets the times of directories, which making their content has changed. */
  finish(): void {
    for (const [path, { mtime }] of this.#known) {
      if (!mtime) continue;
      const { parent, base } = splitMemberPath(path);
      const name = base === '' ? DOT : cString(base, 'latin1');
      must(
        'utimensat',
        setTimesAt(this.directory(parent), name, mtime.seconds, mtime.nanoseconds),
        displayBytes(path),
      );
    }
  }

  close(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
    closeSync(this.root);
  }

  #openInRoot(path: MemberPath): number {
    const flags = O_PATH | O_DIRECTORY;
    return openAt2(this.root, cString(path, 'latin1'), flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  }

  #imply(path: MemberPath): void {
    const { parent, base } = splitMemberPath(path);
    const result = mkdirAt(this.directory(parent), cString(base, 'latin1'), 0o755);
    if (result < 0) throw badPath(path, result);
    this.#known.set(path, { declared: false });
  }

  #remember(path: MemberPath, fd: number): void {
    if (this.#open.size >= OPEN_DIRECTORIES) {
      const [oldest, oldFd] = this.#open.entries().next().value ?? [];
      if (oldest !== undefined && oldFd !== undefined) {
        this.#open.delete(oldest);
        closeSync(oldFd);
      }
    }
    this.#open.set(path, fd);
  }
}

const DOT: CString = cString('.');

function badPath(path: ByteString, result: number): EngineError {
  const shown = JSON.stringify(displayBytes(path));
  const reason = result === -EEXIST ? 'not a directory' : (REASONS[-result] ?? `errno ${-result}`);
  const code = (-result) in REASONS || result === -EEXIST ? 'invalid' : 'internal';
  return new EngineError(code, `mkdir ${shown}: ${reason}`);
}

/** What hostile names lead to, in the words of Docker (Go's `syscall.Errno`). */
const REASONS: Record<number, string> = {
  [constants.errno.ENOTDIR]: 'not a directory',
  [constants.errno.ENAMETOOLONG]: 'file name too long',
  [constants.errno.ELOOP]: 'too many levels of symbolic links',
  [constants.errno.ENOENT]: 'no such file or directory',
};

/** Opens the directory that a layer is unpacked into. */
export function openTreeRoot(path: string): number {
  return must('open', openAt(-100, cString(path), O_DIRECTORY), path);
}
