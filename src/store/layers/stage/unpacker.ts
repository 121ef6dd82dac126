import { closeSync, fchownSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { EngineError } from '../../../base/mod.ts';
import { type ByteString, ENTRY_TYPES, type TarEntry } from '../../../spec/tar/mod.ts';
import {
  type CString,
  chmodAt,
  chmodFd,
  chownAt,
  cString,
  linkAt,
  makeDevice,
  mkdirAt,
  mknodAt,
  must,
  openAt,
  setTimesAt,
  setTimesFd,
  setXattr,
  setXattrFd,
  symlinkAt,
  unlinkAt,
} from '../../../sys/mod.ts';
import { DeferredLinks } from './deferred-links.ts';
import type { LayerTree } from './layer-tree.ts';
import { cleanMemberPath, type MemberPath, splitMemberPath } from './member-path.ts';
import { duplicate, failed, quote } from './unpack-errors.ts';

const { EEXIST, ENOENT, EISDIR, EPERM, EOPNOTSUPP } = constants.errno;
const O_CREATE_NEW = 0o1 | 0o100 | 0o200 | 0o400000;
const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;
const S_IFIFO = 0o010000;
const SPECIAL_BITS = 0o7000;
const SETGID = 0o2000;
const MAX_ID = 0xffff_fffe;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const WHITEOUT_META = '.wh..wh.';
const OPAQUE_XATTR = cString('trusted.overlay.opaque');
const YES = Buffer.from('y');

/**
 * Makes the files of one layer as its members come: into overlayfs's form, in which a whiteout is a character device
 * 0/0 and an opaque directory has an xattr. Throws EngineError `invalid` for what a layer must not contain.
 */
export class Unpacker {
  readonly #tree: LayerTree;
  readonly #umask: number;
  /** Some directory of this layer hands its group to what is made in it. */
  #hasSetgid = false;
  #fd = -1;
  #entry: TarEntry | undefined;
  /** Names that `.wh.` members of this layer hide. */
  readonly #whiteouts = new Set<MemberPath>();
  readonly links = new DeferredLinks();
  /** Bytes as Docker counts a layer: of files and link targets, each file once. */
  size = 0;

  constructor(tree: LayerTree, umask: number) {
    this.#tree = tree;
    this.#umask = umask;
  }

  /** A member begins. */
  entry(entry: TarEntry): void {
    const path = cleanMemberPath(entry.name);
    if (Math.max(entry.uid, entry.gid) > MAX_ID || Math.min(entry.uid, entry.gid) < 0) {
      throw new EngineError('invalid', `lchown ${quote(path)}: invalid argument`);
    }
    const { parent, base } = splitMemberPath(path);
    if (path === '') this.#root(entry);
    else if (base.startsWith(WHITEOUT)) this.#whiteout(parent, base, entry);
    else this.#make(path, parent, base, entry);
  }

  /** Content of the latest member. */
  content(bytes: Uint8Array): void {
    if (this.#fd < 0) return;
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at, bytes.length - at);
  }

  /** The latest member is complete. */
  endEntry(): void {
    const fd = this.#fd;
    const entry = this.#entry;
    if (fd < 0 || !entry) return;
    this.#fd = -1;
    try {
      // Any change of owner takes setuid away, so the mode comes after it.
      if (this.#mustChown(entry)) fchownSync(fd, entry.uid, entry.gid);
      if (entry.mode & (this.#umask | SPECIAL_BITS))
        must('fchmod', chmodFd(fd, entry.mode), quote(entry.name));
      this.#xattrs(fd, entry);
      must('futimens', setTimesFd(fd, entry.mtime.seconds, entry.mtime.nanoseconds), quote(entry.name));
    } finally {
      closeSync(fd);
    }
  }

  /** Closes what is open; for a layer that is given up. */
  abort(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #root(entry: TarEntry): void {
    if (entry.type !== ENTRY_TYPES.directory) {
      throw new EngineError('invalid', `cannot overwrite directory "/" with non-directory "/"`);
    }
    if (this.#tree.isDeclared('' as MemberPath)) throw duplicate();
    this.#directoryAttributes(this.#tree.root, DOT, '' as MemberPath, entry);
  }

  #make(path: MemberPath, parent: MemberPath, base: ByteString, entry: TarEntry): void {
    const dir = this.#parent(parent);
    const name = cString(base, 'latin1');
    switch (entry.type) {
      case ENTRY_TYPES.file:
      case '7': {
        const fd = this.#create(path, dir, name, () => openAt(dir, name, O_CREATE_NEW, entry.mode & 0o777));
        this.#fd = fd;
        this.#entry = entry;
        this.size += entry.size;
        return;
      }
      case ENTRY_TYPES.directory:
        this.#directory(path, dir, name, entry);
        return;
      case ENTRY_TYPES.hardLink:
        this.#hardLink(path, dir, name, entry);
        return;
      case ENTRY_TYPES.symlink: {
        const target = cString(entry.linkName, 'latin1');
        if (entry.linkName.includes('\0')) throw new EngineError('invalid', `invalid symlink ${quote(path)}`);
        this.#create(path, dir, name, () => symlinkAt(target, dir, name));
        this.size += entry.linkName.length;
        break;
      }
      case ENTRY_TYPES.characterDevice:
        this.#node(path, dir, name, entry, S_IFCHR);
        break;
      case ENTRY_TYPES.blockDevice:
        this.#node(path, dir, name, entry, S_IFBLK);
        break;
      case ENTRY_TYPES.fifo:
        this.#node(path, dir, name, entry, S_IFIFO);
        break;
      default:
        throw new EngineError('invalid', `unhandled tar header type ${entry.type.charCodeAt(0)}`);
    }
    this.#attributes(dir, name, base, entry);
  }

  /** Attributes of what is neither a file nor a directory. */
  #attributes(dir: number, name: CString, base: ByteString, entry: TarEntry): void {
    if (this.#mustChown(entry)) this.#chown(dir, name, entry);
    if (entry.type !== ENTRY_TYPES.symlink)
      must('fchmodat', chmodAt(dir, name, entry.mode), quote(entry.name));
    this.#xattrs(`/proc/self/fd/${dir}/${base}`, entry);
    must('utimensat', setTimesAt(dir, name, entry.mtime.seconds, entry.mtime.nanoseconds), quote(entry.name));
  }

  #node(path: MemberPath, dir: number, name: CString, entry: TarEntry, kind: number): void {
    const { deviceMajor: major, deviceMinor: minor } = entry;
    if (major < 0 || minor < 0 || major > 0xfff || minor > 0xfffff) {
      throw new EngineError('invalid', `mknod ${quote(path)}: invalid argument`);
    }
    const device = kind === S_IFIFO ? 0 : makeDevice(major, minor);
    this.#create(path, dir, name, () => mknodAt(dir, name, kind | (entry.mode & 0o777), device));
  }

  #directory(path: MemberPath, dir: number, name: CString, entry: TarEntry): void {
    const declared = this.#tree.isDeclared(path);
    if (declared) throw duplicate();
    const hidden = this.#whiteouts.delete(path);
    if (declared === undefined)
      this.#create(path, dir, name, () => mkdirAt(dir, name, entry.mode & 0o777), hidden);
    this.#directoryAttributes(dir, name, path, entry);
    if (hidden) this.#opaque(path);
  }

  #directoryAttributes(dir: number, name: CString, path: MemberPath, entry: TarEntry): void {
    if (this.#mustChown(entry)) this.#chown(dir, name, entry);
    must('fchmodat', chmodAt(dir, name, entry.mode), quote(path));
    if (entry.mode & SETGID) this.#hasSetgid = true;
    this.#tree.declare(path, entry.mtime);
    if (entry.xattrs.length > 0) this.#xattrs(`/proc/self/fd/${this.#tree.directory(path)}/.`, entry);
  }

  #hardLink(path: MemberPath, dir: number, name: CString, entry: TarEntry): void {
    let target: MemberPath;
    try {
      target = cleanMemberPath(entry.linkName);
    } catch (cause) {
      throw new EngineError('invalid', `invalid hardlink ${quote(path)} -> ${quote(entry.linkName)}`, {
        cause,
      });
    }
    const { parent, base } = splitMemberPath(target);
    if (this.#tree.isDeclared(target) !== undefined || this.#isWhiteout(target)) {
      throw new EngineError('invalid', `invalid hardlink ${quote(path)} -> ${quote(entry.linkName)}`);
    }
    const from = this.#tree.existing(parent);
    try {
      const result =
        from < 0
          ? from
          : this.#tryCreate(path, dir, name, () => linkAt(from, cString(base, 'latin1'), dir, name));
      if (result === -ENOENT) this.links.add(path, target);
      else if (result < 0) throw failed('link', path, result);
    } finally {
      this.#tree.release(parent, from);
    }
  }

  #whiteout(parent: MemberPath, base: ByteString, entry: TarEntry): void {
    if (base === OPAQUE) {
      this.#opaque(parent);
      return;
    }
    // Spec: names that begin so belong to aufs itself and describe no file.
    if (base.startsWith(WHITEOUT_META)) return;
    const hidden = base.slice(WHITEOUT.length) as ByteString;
    if (hidden === '' || hidden === '.' || hidden === '..') {
      throw new EngineError('invalid', `invalid whiteout ${quote(entry.name)}`);
    }
    const path = (parent === '' ? hidden : `${parent}/${hidden}`) as MemberPath;
    if (this.#whiteouts.has(path)) throw duplicate();
    const dir = this.#parent(parent);
    const result = mknodAt(dir, cString(hidden, 'latin1'), S_IFCHR, 0);
    if (result === 0) this.#whiteouts.add(path);
    else if (result !== -EEXIST) throw failed('mknod', path, result);
    // A whiteout hides what is below, never what its own layer brings.
    else if (this.#tree.isDeclared(path) !== undefined) this.#opaque(path);
  }

  #opaque(path: MemberPath): void {
    const fd = this.#tree.directory(path);
    must('setxattr', setXattr(cString(`/proc/self/fd/${fd}/.`), OPAQUE_XATTR, YES), quote(path));
  }

  /** The directory of a member; ancestors that this layer's whiteouts took become opaque directories. */
  #parent(parent: MemberPath): number {
    if (this.#whiteouts.size > 0) {
      for (let slash = parent.indexOf('/'); parent !== ''; slash = parent.indexOf('/', slash + 1)) {
        const path = (slash < 0 ? parent : parent.slice(0, slash)) as MemberPath;
        if (this.#whiteouts.delete(path)) {
          const { parent: above, base } = splitMemberPath(path);
          must('unlink', unlinkAt(this.#tree.directory(above), cString(base, 'latin1')), quote(path));
          this.#opaque(path);
        }
        if (slash < 0) break;
      }
    }
    return this.#tree.directory(parent);
  }

  #isWhiteout(path: MemberPath): boolean {
    return this.#whiteouts.has(path);
  }

  #create(path: MemberPath, dir: number, name: CString, make: () => number, hidden = false): number {
    const result = this.#tryCreate(path, dir, name, make, hidden);
    if (result < 0) throw failed('create', path, result);
    return result;
  }

  /** Makes a new name; one that this layer's own whiteout took is freed first. */
  #tryCreate(path: MemberPath, dir: number, name: CString, make: () => number, hidden = false): number {
    const result = make();
    if (result !== -EEXIST && result !== -EISDIR) return result;
    if (hidden || this.#whiteouts.delete(path)) {
      must('unlink', unlinkAt(dir, name), quote(path));
      return make();
    }
    if (this.#tree.isDeclared(path) === undefined) throw duplicate();
    throw new EngineError(
      'invalid',
      `cannot overwrite directory ${quote(path)} with non-directory ${quote(path)}`,
    );
  }

  /** What we make belongs to root already, but not to its group below a directory with the setgid bit. */
  #mustChown({ uid, gid }: TarEntry): boolean {
    return uid !== 0 || gid !== 0 || this.#hasSetgid;
  }

  #chown(dir: number, name: CString, entry: TarEntry): void {
    must('fchownat', chownAt(dir, name, entry.uid, entry.gid), quote(entry.name));
  }

  #xattrs(at: string | number, entry: TarEntry): void {
    for (const { name, value } of entry.xattrs) {
      // A layer must not speak to overlayfs: a redirect or metacopy mark would show other layers' files as its own.
      if (name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.')) continue;
      const cName = cString(name, 'latin1');
      const bytes = Buffer.from(value, 'latin1');
      const result =
        typeof at === 'number' ? setXattrFd(at, cName, bytes) : setXattr(cString(at, 'latin1'), cName, bytes);
      // Compat: Docker goes on where the filesystem or the kind of file knows no such attribute.
      if (result < 0 && result !== -EOPNOTSUPP && result !== -EPERM)
        throw failed('setxattr', entry.name, result);
    }
  }
}

const DOT: CString = cString('.');
