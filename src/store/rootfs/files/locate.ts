import { type BigIntStats, closeSync, fstatSync } from 'node:fs';
import { constants } from 'node:os';
import { posix } from 'node:path';
import { EngineError } from '../../../base/mod.ts';
import { type ByteString, displayBytes } from '../../../spec/tar/mod.ts';
import { errnoWords, followInRoot, O_NOFOLLOW, openInRoot, SysError } from '../../../sys/mod.ts';

/** Spec: Engine API, `X-Docker-Container-Path-Stat`. */
export interface PathStat {
  name: string;
  size: number;
  /** Bits of Go's `os.FileMode`. */
  mode: number;
  /** Nanoseconds since 1970. */
  mtime: bigint;
  /** Where a link leads to in the end; '' for what is none. */
  linkTarget: string;
}

/** What a path of a user's means in a tree. */
export interface Located {
  /** An O_PATH descriptor of it; whoever asked closes it. */
  handle: number;
  stat: PathStat;
  isDirectory: boolean;
}

/**
 * Finds what is at `path`, which is cleaned by its text first, as Docker does; a slash or `/.` at its end stays and
 * makes a link to a directory the directory. Throws `not-found`, or `invalid` for paths that cannot be.
 */
export function locate(tree: number, path: string): Located {
  const clean = cleanUserPath(path);
  const handle = openInRoot(tree, clean, O_NOFOLLOW);
  if (handle < 0) throw pathError('lstat', clean, -handle);
  try {
    const stat = fstatSync(handle, { bigint: true });
    const linkTarget = stat.isSymbolicLink() ? followed(tree, clean) : '';
    return {
      handle,
      isDirectory: stat.isDirectory(),
      stat: {
        name: goBase(clean),
        size: Number(stat.size),
        mode: goFileMode(stat),
        mtime: stat.mtimeNs,
        linkTarget,
      },
    };
  } catch (error) {
    closeSync(handle);
    throw error;
  }
}

/** Compat: moby `PreserveTrailingDotOrSeparator(Join("/", path), path)`. */
export function cleanUserPath(path: string): string {
  const clean = posix.join('/', path).replace(/(.)\/$/, '$1');
  if (/(^|\/)\.$/.test(path)) return clean === '/' ? '/.' : `${clean}/.`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}

/** The last component. Spec: Go's `filepath.Base`. */
export function goBase(path: string): string {
  const bare = path.replace(/\/+$/, '');
  if (bare === '') return path === '' ? '.' : '/';
  return bare.slice(bare.lastIndexOf('/') + 1);
}

/** A failed call on a path of a user's, in Go's words. */
export function pathError(call: string, path: string, errno: number): EngineError {
  const code =
    errno === constants.errno.ENOENT ? 'not-found' : USERS_FAULT.has(errno) ? 'invalid' : 'internal';
  const cause = new SysError(call, errno, path);
  return new EngineError(code, `${call} ${path}: ${errnoWords(errno)}`, { cause });
}

const USERS_FAULT = new Set([
  constants.errno.ENOTDIR,
  constants.errno.ELOOP,
  constants.errno.ENAMETOOLONG,
  constants.errno.EINVAL,
]);

function followed(tree: number, path: string): string {
  try {
    return displayBytes(followInRoot(tree, path) as ByteString);
  } catch (error) {
    if (error instanceof SysError) throw pathError('lstat', path, error.errno);
    throw error;
  }
}

/** Spec: Go's `os.FileMode`. */
function goFileMode(stat: BigIntStats): number {
  const bits = Number(stat.mode);
  let mode = bits & 0o777;
  const set = (bit: number) => {
    mode += 2 ** bit;
  };
  if (stat.isDirectory()) set(31);
  else if (stat.isSymbolicLink()) set(27);
  else if (stat.isFIFO()) set(25);
  else if (stat.isSocket()) set(24);
  else if (!stat.isFile()) set(26);
  if (stat.isCharacterDevice()) set(21);
  if (bits & 0o4000) set(23);
  if (bits & 0o2000) set(22);
  if (bits & 0o1000) set(20);
  return mode;
}
