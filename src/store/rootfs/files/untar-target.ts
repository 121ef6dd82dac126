import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { posix } from 'node:path';
import { EngineError } from '../../../base/mod.ts';
import type { Owner } from '../../../spec/id-map.ts';
import { type ByteString, displayBytes } from '../../../spec/tar/mod.ts';
import {
  type CString,
  cString,
  linkAt,
  makeInRoot,
  nodeAt,
  nodeOf,
  O_DIRECTORY,
  O_PATH,
  openAt2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  SysError,
} from '../../../sys/mod.ts';
import { pathError } from './locate.ts';
import { removeBeneath } from './remove-beneath.ts';

const { ENOENT, EBUSY } = constants.errno;

/** A name in an open directory. Valid until the next place is asked for. */
export interface Place {
  directory: number;
  name: CString;
  base: ByteString;
}

/**
 * Where the members of an archive go: names relative to a directory of a tree, whose folders are resolved by the kernel
 * within the tree, as links there lead. Dispose of it.
 */
export class UntarTarget implements Disposable {
  readonly #tree: number;
  readonly #implied: Owner;
  readonly #root: ByteString;
  /** The directory that was used last: members of one stand together. */
  #parent: string | undefined;
  #directory = -1;

  /**
   * `tree` stays the caller's. `path` is a directory in it, absolute and without links. `implied`: whose the folders are
   * that an archive only implies.
   */
  constructor(tree: number, path: ByteString, implied: Owner) {
    this.#implied = implied;
    this.#tree = tree;
    this.#root = path;
    this.place('' as ByteString);
  }

  /** A member's name without dots and double slashes; '' is the directory itself. Throws for one that leads out. */
  clean(name: ByteString): ByteString {
    if (name.includes('\0')) throw new EngineError('invalid', 'invalid name with a zero byte');
    const clean = this.#inside(name);
    if (clean !== undefined) return clean;
    throw new EngineError('invalid', `${quote(name)} is outside of ${quote(this.#root)}`);
  }

  /** Refuses a link whose text leads out of the directory. Compat: as moby does, though nothing here would follow it. */
  checkLink(path: ByteString, target: ByteString): void {
    if (!target.includes('\0') && this.#inside(`${posix.dirname(path)}/${target}`) !== undefined) return;
    throw new EngineError(
      'invalid',
      `invalid symlink ${JSON.stringify(this.show(path))} -> ${quote(target)}`,
    );
  }

  /** Gives the member `linkName` of this archive another name; `-errno` on error. Links within a folder are followed. */
  hardLink(linkName: ByteString, to: Place, path: ByteString): number {
    const target = linkName.includes('\0') ? undefined : this.#inside(linkName);
    if (!target) {
      const message = `invalid hardlink ${JSON.stringify(this.show(path))} -> ${quote(linkName)}`;
      throw new EngineError('invalid', message);
    }
    const slash = target.lastIndexOf('/');
    const folder = this.#resolve(this.#full(slash < 0 ? '' : target.slice(0, slash)));
    if (folder < 0) return folder;
    try {
      return linkAt(folder, cString(target.slice(slash + 1), 'latin1'), to.directory, to.name);
    } finally {
      closeSync(folder);
    }
  }

  place(path: ByteString): Place {
    const slash = path.lastIndexOf('/');
    const parent = slash < 0 ? '' : path.slice(0, slash);
    const base = (path === '' ? '.' : path.slice(slash + 1)) as ByteString;
    return { directory: this.#open(parent), name: cString(base, 'latin1'), base };
  }

  kindAt({ directory, name }: Place): 'directory' | 'other' | undefined {
    const node = nodeAt(directory, name);
    if (node === -ENOENT) return undefined;
    if (typeof node === 'number') throw new SysError('statx', -node);
    return node.isDirectory ? 'directory' : 'other';
  }

  /** Removes what is there, with all in it. What is mounted there, or below, is `device or resource busy`. */
  remove({ directory, base }: Place, path: ByteString): void {
    try {
      removeBeneath(directory, base, nodeOf(directory).mountId);
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
      const refused = pathError('unlinkat', this.show(path), error.errno);
      throw error.errno === EBUSY ? new EngineError('invalid', refused.message, { cause: error }) : refused;
    }
  }

  /** A member as its container would name it. */
  show(path: ByteString): string {
    return displayBytes(this.#full(path));
  }

  [Symbol.dispose](): void {
    if (this.#directory >= 0) closeSync(this.#directory);
    this.#directory = -1;
    this.#parent = undefined;
  }

  #open(parent: string): number {
    if (parent === this.#parent) return this.#directory;
    const path = this.#full(parent);
    let fd = this.#resolve(path);
    if (fd === -ENOENT && parent !== '') {
      this.#makeFolders(path);
      fd = this.#resolve(path);
    }
    if (fd < 0) throw pathError('mkdir', this.show(parent as ByteString), -fd);
    if (this.#directory >= 0) closeSync(this.#directory);
    this.#directory = fd;
    this.#parent = parent;
    return fd;
  }

  #resolve(path: string): number {
    const flags = O_PATH | O_DIRECTORY;
    return openAt2(this.#tree, cString(path, 'latin1'), flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  }

  /** Compat: folders that an archive only implies are root's. */
  #makeFolders(path: ByteString): void {
    try {
      makeInRoot(this.#tree, path, { kind: 'directory', owner: this.#implied, encoding: 'latin1' });
    } catch (error) {
      if (error instanceof SysError) throw pathError('mkdir', displayBytes(path), error.errno);
      throw error;
    }
  }

  /** Relative to the directory; undefined for what is outside of it. Spec: Go's `filepath.Join`, by text alone. */
  #inside(name: string): ByteString | undefined {
    // Nearly all names are clean but for a slash at the end.
    if (!UNCLEAN.test(name)) return (name.endsWith('/') ? name.slice(0, -1) : name) as ByteString;
    const root = this.#full('');
    const full = posix.join(root, name).replace(/(.)\/$/, '$1');
    if (full === root) return '' as ByteString;
    const start = root === '/' ? '/' : `${root}/`;
    return full.startsWith(start) ? (full.slice(start.length) as ByteString) : undefined;
  }

  #full(path: string): ByteString {
    return posix.join(this.#root, path) as ByteString;
  }
}

/** Spec: what Go's `filepath.Clean` would change. */
const UNCLEAN = /^\/|^$|\/\/|(^|\/)\.{1,2}(\/|$)/;

function quote(name: ByteString): string {
  return JSON.stringify(displayBytes(name));
}
