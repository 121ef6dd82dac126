import { type BigIntStats, closeSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { EngineError } from '../../../base/mod.ts';
import { type IdMap, insideOwner } from '../../../spec/id-map.ts';
import { type ByteString, displayBytes } from '../../../spec/tar/mod.ts';
import {
  cString,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  readXattrsFd,
  type Xattr,
} from '../../../sys/mod.ts';
import { isOpaque } from '../../layers/merged-view.ts';
import { type MergedChild, MergedDirectory } from './merged-directory.ts';
import { refuseForeignMarks } from './tree-member.ts';

const PATH_MAX = 4096;

/** Spec: Engine API, `ContainerChanges`. */
export const CHANGE_KINDS = { modified: 0, added: 1, deleted: 2 } as const;
export type ChangeKind = (typeof CHANGE_KINDS)[keyof typeof CHANGE_KINDS];

export interface TreeChange {
  path: string;
  kind: ChangeKind;
}

/**
 * What the upper directory of an overlay changes of the layers below it (the uppermost first), each directory before
 * what is in it, in order. It looks at nothing but what is in the upper directory. Compat: moby `archive.ChangesDirs`,
 * which compares both trees whole: a directory with a change in it is modified; a file that was only opened for writing
 * is not; nothing is said of what is in a directory that is gone.
 */
export function treeChanges(upper: string, lower: readonly string[], ids?: IdMap): TreeChange[] {
  const changes: TreeChange[] = [];
  using below = MergedDirectory.ofLayers(lower);
  const fd = openSync(upper, O_DIRECTORY);
  try {
    compare({ fd, path: '', below, covers: false, ids }, changes);
  } finally {
    closeSync(fd);
  }
  return changes;
}

interface Level {
  /** A directory of the upper layer, open for reading. */
  fd: number;
  /** '' or beginning with a slash; one character a byte. */
  path: string;
  /** The same directory of the layers below; undefined if they have none. */
  below: MergedDirectory | undefined;
  /** It shows nothing of what is below: what is not in it is gone. */
  covers: boolean;
  /** Owners in the upper directory are those of a user namespace with this map. */
  ids: IdMap | undefined;
}

function compare({ fd, path, below, covers, ids }: Level, changes: TreeChange[]): void {
  const names = new Set(readdirSync(`/proc/self/fd/${fd}`, { encoding: 'latin1' }));
  const all = covers && below ? [...new Set([...names, ...below.names()])] : [...names];
  for (const name of all.sort((a, b) => (a < b ? -1 : 1))) {
    const at = `${path}/${name}`;
    using before = below?.child(name);
    if (names.has(name)) one({ dir: fd, name, path: at, before, ids }, changes);
    else if (before) changes.push(change(at, CHANGE_KINDS.deleted));
  }
}

/** Something in a directory of the upper layer. */
interface Child extends Pick<Level, 'path' | 'ids'> {
  dir: number;
  name: string;
  before: MergedChild | undefined;
}

function one(child: Child, changes: TreeChange[]): void {
  const { path, before, ids } = child;
  const seen = look(child);
  if (!seen) return;
  const { kind, fd, covers } = seen;
  const own = kind === undefined ? [] : [change(path, kind)];
  if (fd === undefined) {
    changes.push(...own);
    return;
  }
  const inside: TreeChange[] = [];
  try {
    compare({ fd, path, below: before?.directory, covers, ids }, inside);
  } finally {
    closeSync(fd);
  }
  if (own.length === 0 && inside.length > 0) own.push(change(path, CHANGE_KINDS.modified));
  changes.push(...own);
  for (const each of inside) changes.push(each);
}

interface Seen {
  /** Undefined: as it is below. */
  kind: ChangeKind | undefined;
  /** Of a directory, open for reading: whoever asked closes it. */
  fd: number | undefined;
  covers: boolean;
}

function look({ dir, name, path, before, ids }: Child): Seen | undefined {
  // Compat: what has no path that a call would take is an error; and nobody makes us open more than this deep.
  if (path.length >= PATH_MAX)
    throw new EngineError('internal', `lstat ${path.slice(0, 64)}…: file name too long`);
  const node = openAt(dir, cString(name, 'latin1'), O_PATH | O_NOFOLLOW);
  // Race: gone meanwhile.
  if (node < 0) return undefined;
  try {
    const stat = fstatSync(node, { bigint: true });
    if (stat.isCharacterDevice() && stat.rdev === 0n) {
      return before && { kind: CHANGE_KINDS.deleted, fd: undefined, covers: false };
    }
    const xattrs = stat.isSymbolicLink() ? [] : readXattrsFd(node);
    refuseForeignMarks(xattrs, path as ByteString);
    const kind = !before
      ? CHANGE_KINDS.added
      : isDifferent(stat, xattrs, before, ids)
        ? CHANGE_KINDS.modified
        : undefined;
    const fd = stat.isDirectory() ? openSync(`/proc/self/fd/${node}`, O_DIRECTORY) : undefined;
    return { kind, fd, covers: isOpaque(xattrs) };
  } finally {
    closeSync(node);
  }
}

/** Compat: moby `statDifferent`: for directories neither size nor time count, and no attribute but capabilities. */
function isDifferent(
  stat: BigIntStats,
  xattrs: readonly Xattr[],
  before: MergedChild,
  ids: IdMap | undefined,
): boolean {
  const old = fstatSync(before.fd, { bigint: true });
  const shown = { uid: Number(stat.uid), gid: Number(stat.gid) };
  const { uid, gid } = ids ? insideOwner(ids, shown) : shown;
  if (old.mode !== stat.mode || Number(old.uid) !== uid || Number(old.gid) !== gid || old.rdev !== stat.rdev)
    return true;
  if (!stat.isDirectory() && (old.size !== stat.size || old.mtimeNs !== stat.mtimeNs)) return true;
  return !stat.isSymbolicLink() && capability(xattrs) !== capability(readXattrsFd(before.fd));
}

function capability(xattrs: readonly Xattr[]): string | undefined {
  return xattrs.find(({ name }) => name === 'security.capability')?.value.toString('latin1');
}

function change(path: string, kind: ChangeKind): TreeChange {
  return { path: displayBytes(path as ByteString), kind };
}
