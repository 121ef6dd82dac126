import {
  type BigIntStats,
  closeSync,
  copyFileSync,
  fstatSync,
  lstatSync,
  readdirSync,
  readlinkSync,
} from 'node:fs';
import { EngineError } from '../../base/mod.ts';
import { must } from '../errors.ts';
import {
  chmodAt,
  chownAt,
  cString,
  linkAt,
  mkdirAt,
  mknodAt,
  O_CREATE_NEW,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  setTimesAt,
  symlinkAt,
} from '../ffi/file-calls.ts';
import { openAt2, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS } from '../ffi/openat2.ts';
import { readXattrs, setXattr } from '../ffi/xattr.ts';

const S_IFMT = 0o170000;
/** Each level is two descriptors of the process's. */
const MAX_DEPTH = 1024;

interface Pair {
  from: number;
  to: number;
  /** Where `to` is beneath the tree's root; '' or ending in a slash. */
  path: string;
  depth: number;
}

/**
 * Copies what is in the directory `from` into the empty directory `to` (descriptors), and the directory's own
 * attributes: owners, modes, extended attributes, times, links, hard links among the copied, devices. No link is
 * followed. Throws on the first failure, and for directories nested more than 1024 deep; what was copied stays.
 * Synchronous, however large the tree is: for a thread that has nothing urgent to do.
 */
export function copyTree(from: number, to: number): void {
  /** Files with several names: where the first was copied to. */
  const linked = new Map<string, string>();

  function content(pair: Pair): void {
    for (const name of readdirSync(`/proc/self/fd/${pair.from}`, { encoding: 'latin1' })) {
      const path = Buffer.from(`/proc/self/fd/${pair.from}/${name}`, 'latin1');
      const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      if (stat && !linkToCopy(pair, name, stat)) one(pair, name, stat);
    }
  }

  function one(pair: Pair, name: string, stat: BigIntStats): void {
    const cName = cString(name, 'latin1');
    if (stat.isDirectory()) {
      if (pair.depth === MAX_DEPTH)
        throw new EngineError('invalid', `directories are nested more than ${MAX_DEPTH} deep`);
      must('mkdir', mkdirAt(pair.to, cName, 0o700), name);
      const from = openChild(pair.from, name);
      let to = -1;
      try {
        to = openChild(pair.to, name);
        content({ from, to, path: `${pair.path}${name}/`, depth: pair.depth + 1 });
      } finally {
        closeSync(from);
        if (to >= 0) closeSync(to);
      }
    } else if (stat.isFile()) {
      file(pair, name);
      if (stat.nlink > 1n) linked.set(`${stat.dev}:${stat.ino}`, `${pair.path}${name}`);
    } else if (stat.isSymbolicLink()) {
      const path = Buffer.from(`/proc/self/fd/${pair.from}/${name}`, 'latin1');
      const target = readlinkSync(path, { encoding: 'buffer' }).toString('latin1');
      must('symlink', symlinkAt(cString(target, 'latin1'), pair.to, cName), name);
    } else {
      const mode = (Number(stat.mode) & S_IFMT) | 0o600;
      must('mknod', mknodAt(pair.to, cName, mode, Number(stat.rdev)), name);
    }
    attributes(pair, name, stat);
  }

  function linkToCopy(pair: Pair, name: string, stat: BigIntStats): boolean {
    const first = stat.nlink > 1n && linked.get(`${stat.dev}:${stat.ino}`);
    if (!first) return false;
    const slash = first.lastIndexOf('/');
    const parent = slash < 0 ? '.' : first.slice(0, slash);
    const flags = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    const dir = must('openat2', openAt2(to, cString(parent, 'latin1'), O_PATH | O_DIRECTORY, flags), parent);
    try {
      const firstName = cString(first.slice(slash + 1), 'latin1');
      must('link', linkAt(dir, firstName, pair.to, cString(name, 'latin1')), name);
    } finally {
      closeSync(dir);
    }
    return true;
  }

  const top = { from, to, path: '', depth: 0 };
  content(top);
  attributes(top, '.', fstatSync(from, { bigint: true }));
}

function openChild(dir: number, name: string): number {
  return must('open', openAt(dir, cString(name, 'latin1'), O_DIRECTORY | O_NOFOLLOW), name);
}

function file(pair: Pair, name: string): void {
  const cName = cString(name, 'latin1');
  const input = must('open', openAt(pair.from, cName, O_NOFOLLOW), name);
  try {
    const output = must('open', openAt(pair.to, cName, O_CREATE_NEW, 0o600), name);
    try {
      copyFileSync(`/proc/self/fd/${input}`, `/proc/self/fd/${output}`);
    } finally {
      closeSync(output);
    }
  } finally {
    closeSync(input);
  }
}

function attributes(pair: Pair, name: string, stat: BigIntStats): void {
  const cName = cString(name, 'latin1');
  must('chown', chownAt(pair.to, cName, Number(stat.uid), Number(stat.gid)), name);
  if (!stat.isSymbolicLink()) must('chmod', chmodAt(pair.to, cName, Number(stat.mode) & 0o7777), name);
  const target = cString(`/proc/self/fd/${pair.to}/${name}`, 'latin1');
  for (const xattr of readXattrs(cString(`/proc/self/fd/${pair.from}/${name}`, 'latin1'))) {
    // What the target's filesystem cannot keep is left out.
    if (!xattr.name.startsWith('trusted.overlay.'))
      setXattr(target, cString(xattr.name, 'latin1'), xattr.value);
  }
  const seconds = Number(stat.mtimeNs / 1_000_000_000n);
  must('utimensat', setTimesAt(pair.to, cName, seconds, Number(stat.mtimeNs % 1_000_000_000n)), name);
}
