import { constants } from 'node:os';
import { EngineError } from '../../../base/mod.ts';
import type { ByteString, TarEntry } from '../../../spec/tar/mod.ts';
import { cString, mknodAt, must, setXattr, unlinkAt } from '../../../sys/mod.ts';
import type { LayerTree } from './layer-tree.ts';
import { type MemberPath, splitMemberPath } from './member-path.ts';
import { duplicate, failed, quote } from './unpack-errors.ts';

const { EEXIST } = constants.errno;
const S_IFCHR = 0o020000;

export const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const WHITEOUT_META = '.wh..wh.';
const OPAQUE_XATTR = cString('trusted.overlay.opaque');
const YES = Buffer.from('y');

/**
 * What a layer hides of those below it, in overlayfs's form: a name by a character device 0/0, the content of a
 * directory by an xattr.
 */
export class Whiteouts {
  readonly #tree: LayerTree;
  /** Names that `.wh.` members of this layer hide. */
  readonly #hidden = new Set<MemberPath>();

  constructor(tree: LayerTree) {
    this.#tree = tree;
  }

  has(path: MemberPath): boolean {
    return this.#hidden.has(path);
  }

  /** True if this layer hides the name, which it does not any more: the layer itself brings something by it. */
  take(path: MemberPath): boolean {
    return this.#hidden.delete(path);
  }

  /** A member whose name begins with `.wh.`. */
  add(parent: MemberPath, base: ByteString, entry: TarEntry): void {
    if (base === OPAQUE) {
      this.opaque(parent);
      return;
    }
    // Spec: names that begin so belong to aufs itself and describe no file.
    if (base.startsWith(WHITEOUT_META)) return;
    const hidden = base.slice(WHITEOUT.length) as ByteString;
    if (hidden === '' || hidden === '.' || hidden === '..') {
      throw new EngineError('invalid', `invalid whiteout ${quote(entry.name)}`);
    }
    const path = (parent === '' ? hidden : `${parent}/${hidden}`) as MemberPath;
    if (this.#hidden.has(path)) throw duplicate();
    const dir = this.directory(parent);
    const result = mknodAt(dir, cString(hidden, 'latin1'), S_IFCHR, 0);
    if (result === 0) this.#hidden.add(path);
    else if (result !== -EEXIST) throw failed('mknod', path, result);
    // A whiteout hides what is below, never what its own layer brings.
    else if (this.#tree.isDeclared(path) !== undefined) this.opaque(path);
  }

  /** Makes a directory hide all that is below it. */
  opaque(path: MemberPath): void {
    const fd = this.#tree.directory(path);
    must('setxattr', setXattr(cString(`/proc/self/fd/${fd}/.`), OPAQUE_XATTR, YES), quote(path));
  }

  /** The directory of a member; ancestors that this layer's whiteouts took become opaque directories. */
  directory(parent: MemberPath): number {
    if (this.#hidden.size > 0) {
      for (let slash = parent.indexOf('/'); parent !== ''; slash = parent.indexOf('/', slash + 1)) {
        const path = (slash < 0 ? parent : parent.slice(0, slash)) as MemberPath;
        if (this.#hidden.delete(path)) {
          const { parent: above, base } = splitMemberPath(path);
          must('unlink', unlinkAt(this.#tree.directory(above), cString(base, 'latin1')), quote(path));
          this.opaque(path);
        }
        if (slash < 0) break;
      }
    }
    return this.#tree.directory(parent);
  }
}
