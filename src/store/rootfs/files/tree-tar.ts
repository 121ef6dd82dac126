import type { BigIntStats } from 'node:fs';
import { type IdMap, insideOwner, type Owner } from '../../../spec/id-map.ts';
import {
  type ByteString,
  END_OF_ARCHIVE,
  ENTRY_TYPES,
  encodeHeader,
  padding,
  type TarEntry,
} from '../../../spec/tar/mod.ts';
import { AT_FDCWD, closeFd, cString, must, openAt, readAtInto, readXattrsFd } from '../../../sys/mod.ts';
import { isOpaque } from '../../layers/merged-view.ts';
import { type ArchivedXattrs, memberOf, refuseForeignMarks } from './tree-member.ts';
import { type TreeNode, TreeWalk } from './tree-walk.ts';

/** What becomes an archive, and the names in it. */
export interface TreeTarSource {
  /** Descriptor of a directory or of anything else. It stays the caller's, who keeps it open. */
  root: number;
  /** Its own name in the archive; undefined: only what is in it. */
  name: ByteString | undefined;
  /** What stands before the names of what is in it. */
  prefix: ByteString;
  xattrs: ArchivedXattrs;
  /** Owners on disk are those of a user namespace with this map. */
  ids?: IdMap | undefined;
  /** It is the upper directory of an overlay: what that hides is written as whiteouts. */
  overlay: boolean;
}

const O_NONBLOCK = 0o4000;
const NOTHING = new Uint8Array(0);

/**
 * The tar of a tree, as Docker writes it. `read` until it gives 0. What changes meanwhile is archived as it is found: a
 * file that became shorter is filled up with zeros, one that grew is cut off. Dispose of it.
 */
export class TreeTar implements Disposable {
  readonly #source: TreeTarSource;
  readonly #walk: TreeWalk;
  /** Bytes that come next, before the content of the file. */
  #pending: Uint8Array = NOTHING;
  #taken = 0;
  #file: { fd: number; left: number; size: number } | undefined;
  #ended = false;
  /** Files with several names: the first. */
  readonly #linked = new Map<string, ByteString>();

  constructor(source: TreeTarSource) {
    this.#source = source;
    this.#walk = new TreeWalk(source.root);
  }

  /** Fills `into` as far as there is tar left; 0 = the end. */
  read(into: Buffer): number {
    let length = 0;
    while (length < into.length) {
      if (this.#taken < this.#pending.length) length += this.#take(into, length);
      else if (this.#file) length += this.#content(this.#file, into, length);
      else if (this.#ended) break;
      else this.#next();
    }
    return length;
  }

  [Symbol.dispose](): void {
    this.#closeFile();
    this.#walk[Symbol.dispose]();
  }

  #take(into: Buffer, at: number): number {
    const pending = this.#pending;
    const length = Math.min(pending.length - this.#taken, into.length - at);
    // Views are slow to make, and most of what is pending goes at once.
    if (length === pending.length) into.set(pending, at);
    else into.set(pending.subarray(this.#taken, this.#taken + length), at);
    this.#taken += length;
    return length;
  }

  #put(bytes: Uint8Array): void {
    this.#pending = bytes;
    this.#taken = 0;
  }

  #next(): void {
    const node = this.#walk.next();
    if (!node) {
      this.#ended = true;
      this.#put(END_OF_ARCHIVE);
      return;
    }
    const name = node.path === '' ? this.#source.name : (`${this.#source.prefix}${node.path}` as ByteString);
    if (name === undefined) return;
    if (this.#source.overlay) this.#overlayMember(node, name);
    else this.#member(node, name);
  }

  #member({ fd, stat }: TreeNode, name: ByteString): void {
    const member = memberOf(fd, stat, name, this.#source.xattrs);
    if (!member) return;
    const entry = { ...member, ...this.#ownerOf(stat) };
    if (stat.nlink > 1n && !stat.isDirectory()) {
      const identity = `${stat.dev}:${stat.ino}`;
      const first = this.#linked.get(identity);
      if (first !== undefined) {
        this.#begin({ ...entry, type: ENTRY_TYPES.hardLink, linkName: first, size: 0 });
        return;
      }
      this.#linked.set(identity, name);
    }
    const size = entry.size ?? 0;
    if (size > 0 && !this.#open(fd, size)) return;
    this.#begin(entry);
  }

  /** Compat: moby `archive_linux.go`, `overlayWhiteoutConverter`. */
  #overlayMember(node: TreeNode, name: ByteString): void {
    const { fd, stat } = node;
    if (stat.isCharacterDevice() && stat.rdev === 0n) {
      const slash = name.lastIndexOf('/') + 1;
      const hidden = `${name.slice(0, slash)}.wh.${name.slice(slash)}` as ByteString;
      const mtime = { seconds: Number(stat.mtimeNs / 1_000_000_000n), nanoseconds: 0 };
      this.#begin({ name: hidden, mode: 0o600, ...this.#ownerOf(stat), mtime });
      return;
    }
    const xattrs = stat.isDirectory() || stat.isFile() ? readXattrsFd(fd) : [];
    refuseForeignMarks(xattrs, name);
    this.#member(node, name);
    if (!stat.isDirectory() || !isOpaque(xattrs)) return;
    const mode = Number(stat.mode) & 0o777;
    const opaque = {
      name: `${name}/.wh..wh..opq` as ByteString,
      mode,
      ...this.#ownerOf(stat),
    };
    this.#put(Buffer.concat([this.#pending, encodeHeader(opaque)]));
  }

  #ownerOf({ uid, gid }: BigIntStats): Owner {
    const owner = { uid: Number(uid), gid: Number(gid) };
    return this.#source.ids ? insideOwner(this.#source.ids, owner) : owner;
  }

  #begin(entry: Partial<TarEntry>): void {
    this.#put(encodeHeader(entry));
  }

  /** False if it cannot be read. */
  #open(node: number, size: number): boolean {
    // It is known to be a regular file; this opens the very same one.
    const fd = openAt(AT_FDCWD, cString(`/proc/self/fd/${node}`), O_NONBLOCK);
    if (fd < 0) return false;
    this.#file = { fd, left: size, size };
    return true;
  }

  #content(file: { fd: number; left: number; size: number }, into: Buffer, at: number): number {
    const wanted = Math.min(file.left, into.length - at);
    let length = must('read', readAtInto(file.fd, into, at, wanted));
    if (length === 0) {
      into.fill(0, at, at + wanted);
      length = wanted;
    }
    file.left -= length;
    if (file.left === 0) {
      this.#put(padding(file.size));
      this.#closeFile();
    }
    return length;
  }

  #closeFile(): void {
    if (this.#file) closeFd(this.#file.fd);
    this.#file = undefined;
  }
}
