import { constants } from 'node:os';
import type { DeferredLink } from '../staged-record.ts';
import type { MemberPath } from './member-path.ts';
import { failed } from './unpack-errors.ts';

/** Unlike all else in a layer these cost no inode, so nothing but this bounds what an archive makes of them. */
const MAX_BYTES = 8 << 20;
/** What one costs beside its names. */
const OVERHEAD = 64;

/** Hard links whose target is not in their layer: they are made when the layers below are known. */
export class DeferredLinks {
  readonly all: DeferredLink[] = [];
  #bytes = 0;

  /** Throws `invalid` for more than a layer can have in earnest. */
  add(path: MemberPath, target: MemberPath): void {
    this.#bytes += path.length + target.length + OVERHEAD;
    if (path.length > 4096) throw failed('link', path, -constants.errno.ENAMETOOLONG);
    if (this.#bytes > MAX_BYTES) throw failed('link', path, -constants.errno.ENOENT);
    this.all.push({ path, target });
  }
}
