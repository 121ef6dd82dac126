import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { EngineError } from '../../../base/mod.ts';
import { type ByteString, ENTRY_TYPES, type TarEntry } from '../../../spec/tar/mod.ts';
import {
  type CString,
  cString,
  linkAt,
  makeDevice,
  mkdirAt,
  mknodAt,
  must,
  O_CREATE_NEW,
  openAt,
  symlinkAt,
  unlinkAt,
} from '../../../sys/mod.ts';
import { DeferredLinks } from './deferred-links.ts';
import { FileContent } from './file-content.ts';
import type { LayerTree } from './layer-tree.ts';
import { MemberAttributes } from './member-attributes.ts';
import { cleanMemberPath, type MemberPath, splitMemberPath } from './member-path.ts';
import { duplicate, failed, quote } from './unpack-errors.ts';
import { WHITEOUT, Whiteouts } from './whiteouts.ts';

const { EEXIST, ENOENT, EISDIR } = constants.errno;
const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;
const S_IFIFO = 0o010000;
const MAX_ID = 0xffff_fffe;

/**
 * Makes the files of one layer as its members come: into overlayfs's form, in which a whiteout is a character device
 * 0/0 and an opaque directory has an xattr. Throws EngineError `invalid` for what a layer must not contain.
 */
export class Unpacker {
  readonly #tree: LayerTree;
  readonly #attributes: MemberAttributes;
  readonly #whiteouts: Whiteouts;
  #fd = -1;
  #entry: TarEntry | undefined;
  readonly #file = new FileContent();
  readonly links = new DeferredLinks();
  /** Bytes as Docker counts a layer: of files and link targets, each file once. */
  size = 0;

  constructor(tree: LayerTree, umask: number) {
    this.#tree = tree;
    this.#attributes = new MemberAttributes(umask);
    this.#whiteouts = new Whiteouts(tree);
  }

  /** A member begins. */
  entry(entry: TarEntry): void {
    const path = cleanMemberPath(entry.name);
    if (Math.max(entry.uid, entry.gid) > MAX_ID || Math.min(entry.uid, entry.gid) < 0) {
      throw new EngineError('invalid', `lchown ${quote(path)}: invalid argument`);
    }
    const { parent, base } = splitMemberPath(path);
    if (path === '') this.#root(entry);
    else if (base.startsWith(WHITEOUT)) this.#whiteouts.add(parent, base, entry);
    else this.#make(path, parent, base, entry);
  }

  /** The latest member is a file whose content is kept. A whiteout has none, whatever its archive gave it. */
  get isFile(): boolean {
    return this.#fd >= 0;
  }

  /** Content of the latest member. */
  content(bytes: Uint8Array): void {
    if (this.#fd >= 0) this.#file.write(bytes);
  }

  /** Zeros of the latest member that the archive does not have; the file does not either. */
  hole(length: number): void {
    if (this.#fd >= 0) this.#file.hole(length);
  }

  /** The latest member is complete. */
  endEntry(): void {
    const fd = this.#fd;
    const entry = this.#entry;
    if (fd < 0 || !entry) return;
    this.#fd = -1;
    try {
      this.#attributes.file(fd, entry);
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
    const dir = this.#whiteouts.directory(parent);
    const name = cString(base, 'latin1');
    switch (entry.type) {
      case ENTRY_TYPES.file:
      case '7': {
        const fd = this.#create(path, dir, name, () => openAt(dir, name, O_CREATE_NEW, entry.mode & 0o777));
        this.#fd = fd;
        this.#entry = entry;
        this.#file.begin(fd, path, entry);
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
    this.#attributes.other(dir, name, base, entry);
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
    const hidden = this.#whiteouts.take(path);
    if (declared === undefined)
      this.#create(path, dir, name, () => mkdirAt(dir, name, entry.mode & 0o777), hidden);
    this.#directoryAttributes(dir, name, path, entry);
    if (hidden) this.#whiteouts.opaque(path);
  }

  #directoryAttributes(dir: number, name: CString, path: MemberPath, entry: TarEntry): void {
    this.#attributes.directory(dir, name, entry);
    this.#tree.declare(path, entry.mtime);
    if (entry.xattrs.length > 0)
      this.#attributes.xattrs(`/proc/self/fd/${this.#tree.directory(path)}/.`, entry);
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
    if (this.#tree.isDeclared(target) !== undefined || this.#whiteouts.has(target)) {
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

  #create(path: MemberPath, dir: number, name: CString, make: () => number, hidden = false): number {
    const result = this.#tryCreate(path, dir, name, make, hidden);
    if (result < 0) throw failed('create', path, result);
    return result;
  }

  /** Makes a new name; one that this layer's own whiteout took is freed first. */
  #tryCreate(path: MemberPath, dir: number, name: CString, make: () => number, hidden = false): number {
    const result = make();
    if (result !== -EEXIST && result !== -EISDIR) return result;
    if (hidden || this.#whiteouts.take(path)) {
      must('unlink', unlinkAt(dir, name), quote(path));
      return make();
    }
    if (this.#tree.isDeclared(path) === undefined) throw duplicate();
    throw new EngineError(
      'invalid',
      `cannot overwrite directory ${quote(path)} with non-directory ${quote(path)}`,
    );
  }
}

const DOT: CString = cString('.');
