import { closeSync, fstatSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import type { ByteString } from '../../../spec/tar/mod.ts';
import {
  cString,
  must,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  openAt2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
} from '../../../sys/mod.ts';
import { cleanMemberPath, splitMemberPath } from '../stage/member-path.ts';

const { ENOENT, ENOTDIR } = constants.errno;

/** A regular file of a layer, open for reading. The caller closes `fd`. */
export interface LayerFile {
  fd: number;
  size: number;
}

/**
 * Opens what the members of a layer's archive became, beneath the layer's `diff` directory: folders as they were
 * unpacked (links of the same layer followed within it), the last component never followed, and only regular files
 * opened at all: a device or FIFO is looked at through O_PATH and refused.
 */
export class LayerFiles implements Disposable {
  readonly #root: number;
  /** The directory that was used last: members of one stand together. */
  #path = '';
  #directory = -1;

  /** `diff` is the layer's directory. */
  constructor(diff: string) {
    this.#root = must('open', openAt(-100, cString(diff), O_PATH | O_DIRECTORY), diff);
  }

  /** The file of the member `name`; a reason in words if there is none. */
  open(name: ByteString): LayerFile | string {
    const { parent, base } = splitMemberPath(cleanMemberPath(name));
    const directory = this.#open(parent);
    if (directory < 0) return reason(directory);
    const handle = openAt(directory, cString(base, 'latin1'), O_PATH | O_NOFOLLOW);
    if (handle < 0) return reason(handle);
    try {
      const stat = fstatSync(handle);
      if (!stat.isFile()) return 'it is not a regular file any more';
      return { fd: openSync(`/proc/self/fd/${handle}`, 'r'), size: stat.size };
    } finally {
      closeSync(handle);
    }
  }

  [Symbol.dispose](): void {
    this.#forget();
    closeSync(this.#root);
  }

  #open(path: string): number {
    if (path === '') return this.#root;
    if (path === this.#path && this.#directory >= 0) return this.#directory;
    this.#forget();
    const flags = O_PATH | O_DIRECTORY;
    const resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const fd = openAt2(this.#root, cString(path, 'latin1'), flags, resolve);
    if (fd < 0) return fd;
    this.#path = path;
    this.#directory = fd;
    return fd;
  }

  #forget(): void {
    if (this.#directory >= 0) closeSync(this.#directory);
    this.#directory = -1;
  }
}

function reason(result: number): string {
  return result === -ENOENT || result === -ENOTDIR
    ? 'it is missing'
    : `it cannot be opened (errno ${-result})`;
}
