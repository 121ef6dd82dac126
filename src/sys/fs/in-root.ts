import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { constants } from 'node:os';
import { must, SysError } from '../errors.ts';
import {
  chownAt,
  cString,
  mkdirAt,
  O_CREATE_NEW,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  readlinkAt,
} from '../ffi/file-calls.ts';
import {
  openAt2,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../ffi/openat2.ts';

const { ENOENT, EEXIST, ELOOP, ENOTDIR, EINVAL } = constants.errno;
/** As many as the kernel follows. */
const MAX_LINKS = 40;

/** A path as a container or an image says it: to be resolved beneath a root by the kernel, never joined to one. */
export type TreePath = string;

/** A descriptor of a tree's root. The caller closes it. */
export function openRoot(root: string): number {
  return must('open', openAt(-100, cString(root), O_PATH | O_DIRECTORY), root);
}

/**
 * An O_PATH descriptor of what `path` leads to within the root, links followed as if the root were `/`. Gives `-errno`
 * on error.
 */
export function openInRoot(root: number, path: TreePath, flags = 0): number {
  if (path.includes('\0')) return -EINVAL;
  const flagsInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return openAt2(root, cString(path === '' ? '.' : path), O_PATH | flags, flagsInRoot);
}

/**
 * Reads at most `limit` bytes of a regular file within a root. Undefined if there is no such file, or if it is not a
 * regular one: a FIFO or device of a hostile image is never opened, only looked at.
 */
export function readFileInRoot(root: number, path: TreePath, limit: number): Buffer | undefined {
  const handle = openInRoot(root, path);
  if (handle < 0) return undefined;
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) return undefined;
    // It is known to be a regular file; this opens the very same one for reading.
    const fd = openSync(`/proc/self/fd/${handle}`, 'r');
    try {
      const buffer = Buffer.alloc(Math.min(limit, Math.max(stat.size, 4096)));
      let length = 0;
      while (length < buffer.length) {
        const read = readSync(fd, buffer, length, buffer.length - length, length);
        if (read === 0) break;
        length += read;
      }
      return buffer.subarray(0, length);
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(handle);
  }
}

export interface MakeInRoot {
  /** What the path shall be if it is not there. */
  kind: 'directory' | 'file';
  owner: { uid: number; gid: number };
  /** Of the path, also of the one that is given back. `latin1`: one character a byte, for names that are not UTF-8. */
  encoding?: 'utf8' | 'latin1';
}

export interface MadeInRoot {
  /** Resolved: no links, no dots; as the container sees it. */
  path: string;
  stat: Stats;
  /** It was there already. */
  existed: boolean;
}

/**
 * Follows `path` within a root, also through links to what does not exist yet, and makes what is missing: parents as
 * directories 0755, the last as `kind` says. Each step is opened beneath the root without following links, so
 * somebody who changes the tree meanwhile can make this fail but not leave it.
 */
export function makeInRoot(
  root: number,
  path: TreePath,
  { kind, owner, encoding = 'utf8' }: MakeInRoot,
): MadeInRoot {
  if (path.includes('\0')) throw new SysError('mkdir', EINVAL, path);
  const rest = split(Buffer.from(path, encoding).toString('latin1'));
  let at: string[] = [];
  let links = 0;
  let existed = true;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === '..') {
      at.pop();
      continue;
    }
    const next = [...at, part];
    const step = openStep(root, next);
    if (step < 0) {
      if (step !== -ENOENT) throw new SysError('open', -step, shown(next));
      make(root, at, part, rest.some((later) => later !== '..') ? 'directory' : kind, owner);
      existed = false;
      at = next;
      continue;
    }
    try {
      const stat = fstatSync(step);
      if (stat.isSymbolicLink()) {
        if (++links > MAX_LINKS) throw new SysError('open', ELOOP, path);
        const target = readlinkAt(step, cString(''), 'latin1') ?? '';
        if (target.startsWith('/')) at = [];
        rest.unshift(...split(target));
        continue;
      }
      if (!stat.isDirectory() && rest.length > 0) throw new SysError('open', ENOTDIR, shown(next));
      at = next;
    } finally {
      closeSync(step);
    }
  }
  const last = openStep(root, at);
  if (last < 0) throw new SysError('open', -last, path);
  try {
    const made = Buffer.from(`/${at.join('/')}`, 'latin1').toString(encoding);
    return { path: made, stat: fstatSync(last), existed };
  } finally {
    closeSync(last);
  }
}

/**
 * Where `path` leads to within a root, as the tree itself would say it: links followed, also the last one, as far as
 * there is something; what is missing is left as it was asked for. One character a byte. Opening is `openInRoot`'s.
 */
export function followInRoot(root: number, path: TreePath): string {
  const rest = split(Buffer.from(path).toString('latin1'));
  let at: string[] = [];
  let links = 0;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === '..') {
      at.pop();
      continue;
    }
    const next = [...at, part];
    const step = openStep(root, next);
    if (step < 0) {
      at = next;
      continue;
    }
    try {
      if (!fstatSync(step).isSymbolicLink()) {
        at = next;
        continue;
      }
      if (++links > MAX_LINKS) throw new SysError('open', ELOOP, path);
      const target = readlinkAt(step, cString(''), 'latin1') ?? '';
      if (target.startsWith('/')) at = [];
      rest.unshift(...split(target));
    } finally {
      closeSync(step);
    }
  }
  return `/${at.join('/')}`;
}

/** Within this file names are `latin1`, one character a byte: those of a tree need not be UTF-8. */
function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** For messages. */
function shown(parts: readonly string[]): string {
  return Buffer.from(`/${parts.join('/')}`, 'latin1').toString('utf8');
}

function openStep(root: number, parts: readonly string[]): number {
  const path = cString(parts.length === 0 ? '.' : parts.join('/'), 'latin1');
  return openAt2(root, path, O_PATH | O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

function make(
  root: number,
  parent: readonly string[],
  name: string,
  kind: MakeInRoot['kind'],
  owner: MakeInRoot['owner'],
): void {
  const dir = must('open', openStep(root, parent), shown(parent));
  const cName = cString(name, 'latin1');
  const path = shown([...parent, name]);
  try {
    // Race: whoever makes it in this moment is as good as we are.
    if (kind === 'directory') {
      const result = mkdirAt(dir, cName, 0o755);
      if (result < 0 && result !== -EEXIST) throw new SysError('mkdir', -result, path);
      if (result < 0) return;
    } else {
      const fd = openAt(dir, cName, O_CREATE_NEW, 0o644);
      if (fd < 0 && fd !== -EEXIST) throw new SysError('open', -fd, path);
      if (fd < 0) return;
      closeSync(fd);
    }
    must('chown', chownAt(dir, cName, owner.uid, owner.gid), path);
  } finally {
    closeSync(dir);
  }
}
