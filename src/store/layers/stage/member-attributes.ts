import { fchownSync } from 'node:fs';
import { constants } from 'node:os';
import { type ByteString, ENTRY_TYPES, type TarEntry } from '../../../spec/tar/mod.ts';
import {
  type CString,
  chmodAt,
  chmodFd,
  chownAt,
  cString,
  must,
  setTimesAt,
  setTimesFd,
  setXattr,
  setXattrFd,
} from '../../../sys/mod.ts';
import { failed, quote } from './unpack-errors.ts';

const { EPERM, EOPNOTSUPP } = constants.errno;
const SPECIAL_BITS = 0o7000;
const SETGID = 0o2000;

/** Gives what a layer brings its owner, mode, xattrs and times, with as few calls as what it was made with allows. */
export class MemberAttributes {
  readonly #umask: number;
  /** Some directory of this layer hands its group to what is made in it. */
  #hasSetgid = false;

  constructor(umask: number) {
    this.#umask = umask;
  }

  /** Of a file that was made with the mode of its member. */
  file(fd: number, entry: TarEntry): void {
    // Any change of owner takes setuid away, so the mode comes after it.
    if (this.#mustChown(entry)) fchownSync(fd, entry.uid, entry.gid);
    if (entry.mode & (this.#umask | SPECIAL_BITS)) must('fchmod', chmodFd(fd, entry.mode), quote(entry.name));
    this.xattrs(fd, entry);
    must('futimens', setTimesFd(fd, entry.mtime.seconds, entry.mtime.nanoseconds), quote(entry.name));
  }

  /** Of a directory; its times are set when the layer is complete, its xattrs by who has it open. */
  directory(dir: number, name: CString, entry: TarEntry): void {
    if (this.#mustChown(entry)) this.#chown(dir, name, entry);
    must('fchmodat', chmodAt(dir, name, entry.mode), quote(entry.name));
    if (entry.mode & SETGID) this.#hasSetgid = true;
  }

  /** Of what is neither a file nor a directory. */
  other(dir: number, name: CString, base: ByteString, entry: TarEntry): void {
    if (this.#mustChown(entry)) this.#chown(dir, name, entry);
    if (entry.type !== ENTRY_TYPES.symlink)
      must('fchmodat', chmodAt(dir, name, entry.mode), quote(entry.name));
    this.xattrs(`/proc/self/fd/${dir}/${base}`, entry);
    must('utimensat', setTimesAt(dir, name, entry.mtime.seconds, entry.mtime.nanoseconds), quote(entry.name));
  }

  xattrs(at: string | number, entry: TarEntry): void {
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

  /** What we make belongs to root already, but not to its group below a directory with the setgid bit. */
  #mustChown({ uid, gid }: TarEntry): boolean {
    return uid !== 0 || gid !== 0 || this.#hasSetgid;
  }

  #chown(dir: number, name: CString, entry: TarEntry): void {
    must('fchownat', chownAt(dir, name, entry.uid, entry.gid), quote(entry.name));
  }
}
