import { type BigIntStats, fstatSync, openSync, readdirSync } from 'node:fs';
import type { ByteString } from '../../../spec/tar/mod.ts';
import {
  closeFd,
  cString,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  openAt2,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
} from '../../../sys/mod.ts';

/** A tree may be as deep as somebody hostile likes; so many of its directories are open at once. */
const MAX_OPEN = 48;

/** Something in a tree. `fd` is an O_PATH descriptor, valid until the next one is asked for. */
export interface TreeNode {
  fd: number;
  stat: BigIntStats;
  /** From the root of the walk; '' is the root itself. */
  path: ByteString;
}

interface Frame {
  fd: number;
  path: ByteString;
  identity: string;
  names: string[];
  next: number;
}

/**
 * Walks a tree in the order of Go's `filepath.Walk`: a directory, then what is in it, by the bytes of the names. No link
 * is followed, and each step goes from an open directory to what is in it: whoever changes the tree meanwhile can
 * hide something, but not lead out of it. What vanishes is left out. Dispose of it.
 */
export class TreeWalk implements Disposable {
  readonly #root: number;
  readonly #frames: Frame[] = [];
  #started = false;
  #node = -1;

  /** `root` is a descriptor of a directory or of anything else; it stays the caller's. */
  constructor(root: number) {
    this.#root = root;
  }

  /** The next node; undefined when there are no more. */
  next(): TreeNode | undefined {
    this.#release();
    if (!this.#started) {
      this.#started = true;
      return this.#found(this.#root, '' as ByteString);
    }
    for (let frame = this.#frames.at(-1); frame; frame = this.#frames.at(-1)) {
      const name = this.#reopen(frame) ? frame.names[frame.next++] : undefined;
      if (name === undefined) {
        this.#close(frame);
        this.#frames.pop();
        continue;
      }
      const fd = openAt(frame.fd, cString(name, 'latin1'), O_PATH | O_NOFOLLOW);
      if (fd < 0) continue;
      this.#node = fd;
      return this.#found(fd, `${frame.path === '' ? '' : `${frame.path}/`}${name}` as ByteString);
    }
    return undefined;
  }

  /** The node that was given last is not to be entered. */
  skip(): void {
    const frame = this.#frames.pop();
    if (frame) this.#close(frame);
  }

  [Symbol.dispose](): void {
    this.#release();
    for (const frame of this.#frames.splice(0)) this.#close(frame);
  }

  #found(fd: number, path: ByteString): TreeNode {
    const stat = fstatSync(fd, { bigint: true });
    if (stat.isDirectory()) this.#enter(fd, path, `${stat.dev}:${stat.ino}`);
    return { fd, stat, path };
  }

  #enter(node: number, path: ByteString, identity: string): void {
    const fd = openSync(`/proc/self/fd/${node}`, O_DIRECTORY);
    const names = readdirSync(`/proc/self/fd/${fd}`, { encoding: 'latin1' }).sort(byBytes);
    this.#frames.push({ fd, path, identity, names, next: 0 });
    const shallow = this.#frames.at(-1 - MAX_OPEN);
    if (shallow) this.#close(shallow);
  }

  /** Back in a directory that was closed for its depth: the same one, or nothing more of it. */
  #reopen(frame: Frame): boolean {
    if (frame.fd >= 0) return true;
    const path = cString(frame.path === '' ? '.' : frame.path, 'latin1');
    const fd = openAt2(this.#root, path, O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    if (fd < 0) return false;
    frame.fd = fd;
    const stat = fstatSync(fd, { bigint: true });
    return `${stat.dev}:${stat.ino}` === frame.identity;
  }

  #close(frame: Frame): void {
    if (frame.fd >= 0) closeFd(frame.fd);
    frame.fd = -1;
  }

  #release(): void {
    if (this.#node >= 0) closeFd(this.#node);
    this.#node = -1;
  }
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
