import { closeSync, fstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import {
  cString,
  must,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  openAt2,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  readXattrsFd,
  type Xattr,
} from '../../sys/mod.ts';

/** What a stack of layers shows at a path. `fd` is an O_PATH descriptor; dispose of it (`using`). */
export interface MergedNode extends Disposable {
  fd: number;
  stat: Stats;
}

/**
 * Looks into a stack of layers as overlayfs would, without mounting it. No link in there is ever followed.
 * Dispose of it (`using`).
 */
export class MergedView implements Disposable {
  readonly #roots: number[] = [];

  /** `diffs` are the layers' directories, the uppermost first. */
  constructor(diffs: readonly string[]) {
    try {
      for (const diff of diffs)
        this.#roots.push(must('open', openAt(-100, cString(diff), O_PATH | O_DIRECTORY), diff));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The node at `path` (relative, clean, one character a byte), undefined if the stack shows none. */
  lookup(path: string): MergedNode | undefined {
    const parts = path === '' ? [] : path.split('/');
    for (const root of this.#roots) {
      const found = this.#inLayer(root, parts);
      if (found === 'hidden') return undefined;
      if (found) return found;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    for (const root of this.#roots.splice(0)) closeSync(root);
  }

  /** Undefined: look below. Hidden: this layer says that there is nothing. */
  #inLayer(root: number, parts: readonly string[]): MergedNode | 'hidden' | undefined {
    let opaque = false;
    for (let length = parts.length === 0 ? 0 : 1; length <= parts.length; length++) {
      const node = open(root, parts.slice(0, length).join('/'));
      if (!node) return opaque ? 'hidden' : undefined;
      if (node.stat.isCharacterDevice() && node.stat.rdev === 0) {
        node[Symbol.dispose]();
        return 'hidden';
      }
      if (length === parts.length) return node;
      if (!node.stat.isDirectory()) {
        node[Symbol.dispose]();
        return 'hidden';
      }
      opaque ||= isOpaque(readXattrsFd(node.fd));
      node[Symbol.dispose]();
    }
    return undefined;
  }
}

/** True if these are the attributes of a directory that hides all below it. */
export function isOpaque(xattrs: readonly Xattr[]): boolean {
  return xattrs.some(({ name, value }) => name === 'trusted.overlay.opaque' && value.toString() === 'y');
}

function open(root: number, path: string): MergedNode | undefined {
  const name = cString(path === '' ? '.' : join(path), 'latin1');
  const fd = openAt2(root, name, O_PATH | O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
  if (fd < 0) return undefined;
  return { fd, stat: fstatSync(fd), [Symbol.dispose]: () => closeSync(fd) };
}
