import { closeSync, fchownSync } from 'node:fs';
import { constants } from 'node:os';
import { EngineError } from '../../../base/mod.ts';
import { type IdMap, type Owner, outsideOwner } from '../../../spec/id-map.ts';
import {
  type ByteString,
  displayBytes,
  ENTRY_TYPES,
  type TarEntry,
  type TarSink,
} from '../../../spec/tar/mod.ts';
import {
  chmodAt,
  chownAt,
  cString,
  errnoWords,
  makeDevice,
  mkdirAt,
  mknodAt,
  O_CREATE_NEW,
  openAt,
  setTimesAt,
  symlinkAt,
} from '../../../sys/mod.ts';
import { FileContent } from '../../layers/stage/file-content.ts';
import { MemberAttributes } from '../../layers/stage/member-attributes.ts';
import { type Place, UntarTarget } from './untar-target.ts';

const NODE_KINDS: Record<string, number> = {
  [ENTRY_TYPES.characterDevice]: 0o020000,
  [ENTRY_TYPES.blockDevice]: 0o060000,
  [ENTRY_TYPES.fifo]: 0o010000,
};
const MAX_ID = 0xffff_fffe;

export interface UntarOptions {
  /** Descriptor of the root of the tree. It stays the caller's. */
  tree: number;
  /** The directory to unpack into, as the tree says it: absolute and without links. */
  path: ByteString;
  /** A directory does not take the place of something else, nor the other way round. */
  keepKinds: boolean;
  /** Whose everything becomes; what the archive says otherwise. */
  owner: { uid: number; gid: number } | undefined;
  /** Owners on disk are to be those of a user namespace with this map. */
  ids?: IdMap | undefined;
}

function rootOf(ids: IdMap | undefined): Owner {
  const root = { uid: 0, gid: 0 };
  return ids ? outsideOwner(ids, root) : root;
}

/**
 * Unpacks an archive into a directory of a tree as its members come. Compat: moby `pkg/archive` `Unpack`: what is
 * there is replaced, directories are merged, and times of directories are set at the end. Throws EngineError, with
 * Docker's sentence where it has one; what was unpacked until then stays.
 */
export class TreeUntar implements TarSink, Disposable {
  readonly #options: UntarOptions;
  readonly #target: UntarTarget;
  /** Every mode is set, whatever umask the process has. */
  readonly #attributes = new MemberAttributes(0o7777);
  readonly #directories: { path: ByteString; entry: TarEntry }[] = [];
  readonly #content = new FileContent();
  #file: { fd: number; entry: TarEntry } | undefined;

  constructor(options: UntarOptions) {
    this.#options = options;
    this.#target = new UntarTarget(options.tree, options.path, rootOf(options.ids));
  }

  raw(): void {}

  entry(found: TarEntry): void {
    const entry = this.#owned(found);
    const path = this.#target.clean(entry.name);
    const isDirectory = entry.type === ENTRY_TYPES.directory;
    const place = this.#target.place(path);
    const before = this.#target.kindAt(place);
    if (this.#options.keepKinds && before !== undefined) {
      const [full, destination] = [
        JSON.stringify(this.#target.show(path)),
        JSON.stringify(displayBytes(this.#options.path)),
      ];
      if (before === 'directory' && !isDirectory)
        throw conflict(`cannot overwrite directory ${full} with non-directory ${destination}`);
      if (before !== 'directory' && isDirectory)
        throw conflict(`cannot overwrite non-directory ${full} with directory ${destination}`);
    }
    if (path === '') {
      if (isDirectory) return;
      throw conflict('refusing to act on a non-directory entry as the archive root');
    }
    const merges = before === 'directory' && isDirectory;
    if (before !== undefined && !merges) this.#target.remove(place, path);
    this.#make(entry, path, place, merges);
  }

  content(bytes: Uint8Array): void {
    if (this.#file) this.#content.write(bytes);
  }

  hole(length: number): void {
    if (this.#file) this.#content.hole(length);
  }

  endEntry(): void {
    const file = this.#file;
    this.#file = undefined;
    if (!file) return;
    try {
      fchownSync(file.fd, file.entry.uid, file.entry.gid);
      this.#attributes.file(file.fd, file.entry);
    } finally {
      closeSync(file.fd);
    }
  }

  /** The archive is complete. */
  finish(): void {
    for (const { path, entry } of this.#directories.reverse()) {
      const place = this.#target.place(path);
      setTimesAt(place.directory, place.name, entry.mtime.seconds, entry.mtime.nanoseconds);
    }
  }

  [Symbol.dispose](): void {
    if (this.#file) closeSync(this.#file.fd);
    this.#file = undefined;
    this.#target[Symbol.dispose]();
  }

  #owned(entry: TarEntry): TarEntry {
    const { owner } = this.#options;
    const { uid, gid } = owner ?? entry;
    if (Math.max(uid, gid) > MAX_ID || Math.min(uid, gid) < 0) {
      const shown = JSON.stringify(displayBytes(entry.name));
      throw new EngineError(
        'invalid',
        `failed to Lchown ${shown} for UID ${uid}, GID ${gid}: invalid argument`,
      );
    }
    const { ids } = this.#options;
    if (ids) return { ...entry, ...outsideOwner(ids, { uid, gid }) };
    return owner ? { ...entry, uid, gid } : entry;
  }

  #make(entry: TarEntry, path: ByteString, place: Place, merges: boolean): void {
    const { directory, name, base } = place;
    switch (entry.type) {
      case ENTRY_TYPES.file:
      case '7': {
        const fd = this.#must('open', path, openAt(directory, name, O_CREATE_NEW, 0));
        this.#file = { fd, entry };
        this.#content.begin(fd, path, entry);
        return;
      }
      case ENTRY_TYPES.directory:
        if (!merges) this.#must('mkdir', path, mkdirAt(directory, name, 0o700));
        this.#must('lchown', path, chownAt(directory, name, entry.uid, entry.gid));
        this.#must('chmod', path, chmodAt(directory, name, entry.mode));
        this.#attributes.xattrs(`/proc/self/fd/${directory}/${base}`, entry);
        this.#directories.push({ path, entry });
        return;
      case ENTRY_TYPES.hardLink: {
        this.#must('link', path, this.#target.hardLink(entry.linkName, place, path));
        return;
      }
      case ENTRY_TYPES.symlink:
        this.#target.checkLink(path, entry.linkName);
        this.#must('symlink', path, symlinkAt(cString(entry.linkName, 'latin1'), directory, name));
        break;
      case ENTRY_TYPES.characterDevice:
      case ENTRY_TYPES.blockDevice:
      case ENTRY_TYPES.fifo: {
        const kind = NODE_KINDS[entry.type] ?? 0;
        const device = kind === 0o010000 ? 0 : makeDevice(entry.deviceMajor, entry.deviceMinor);
        this.#must('mknod', path, mknodAt(directory, name, kind | 0o600, device));
        break;
      }
      default:
        throw new EngineError('invalid', `unhandled tar header type ${entry.type.charCodeAt(0)}`);
    }
    this.#must('lchown', path, chownAt(directory, name, entry.uid, entry.gid));
    this.#attributes.other(directory, name, base, entry);
  }

  #must(call: string, path: ByteString, result: number): number {
    if (result >= 0) return result;
    const code = -result === constants.errno.ENOSPC ? 'internal' : 'invalid';
    throw new EngineError(code, `${call} ${this.#target.show(path)}: ${errnoWords(-result)}`);
  }
}

function conflict(message: string): EngineError {
  return new EngineError('invalid', message);
}
