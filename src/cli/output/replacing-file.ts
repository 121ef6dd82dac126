import type { Stats } from 'node:fs';
import { nodeFs, nodePath } from '../lazy-node.ts';
import { Sink } from '../terminal/sink.ts';

/**
 * A file that takes the place of another only when it is whole (`keep`); disposed of before, it leaves nothing.
 * Compat: moby/sys `atomicwriter`, which writes to nothing but a regular file.
 */
export class ReplacingFile implements Disposable {
  readonly #path: string;
  readonly #temporary: string;
  readonly #sink: Sink;
  #open = true;

  private constructor(path: string, temporary: string) {
    this.#path = path;
    this.#temporary = temporary;
    this.#sink = new Sink(nodeFs().openSync(temporary, 'wx', 0o600));
  }

  /** Throws, with `what` before the reason, if there can be no such file. */
  static open(path: string, what: string): ReplacingFile {
    const refusal = refuse(path);
    if (refusal) throw new Error(`${what}: ${refusal}`);
    const { dirname, basename, join } = nodePath();
    const mark = Math.random().toString(36).slice(2);
    try {
      return new ReplacingFile(path, join(dirname(path), `.tmp-${basename(path)}${mark}`));
    } catch (error) {
      throw new Error(`${what}: ${(error as Error).message}`);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#sink.stream(bytes);
  }

  /** All is written: the file is there from now on, and on the disk. */
  keep(): void {
    nodeFs().fsyncSync(this.#sink.fd);
    this.#close();
    nodeFs().renameSync(this.#temporary, this.#path);
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#close();
    nodeFs().rmSync(this.#temporary, { force: true });
  }

  #close(): void {
    this.#open = false;
    nodeFs().closeSync(this.#sink.fd);
  }
}

function refuse(path: string): string | undefined {
  const { dirname } = nodePath();
  const directory = dirname(path);
  const parent = statOf(directory, true);
  if (!parent) return `invalid output path: stat ${directory}: no such file or directory`;
  if (!parent.isDirectory()) return `invalid output path: stat ${directory}: not a directory`;
  const there = statOf(path, false);
  if (!there || there.isFile()) return undefined;
  if (there.isDirectory()) return 'cannot write to a directory';
  if (there.isCharacterDevice()) return 'cannot write to a character device file';
  if (there.isBlockDevice()) return 'cannot write to a block device file';
  if (there.isFIFO()) return 'cannot write to a named pipe';
  if (there.isSocket()) return 'cannot write to a socket';
  return 'cannot write to a symbolic link directly';
}

function statOf(path: string, follow: boolean): Stats | undefined {
  return follow
    ? nodeFs().statSync(path, { throwIfNoEntry: false })
    : nodeFs().lstatSync(path, { throwIfNoEntry: false });
}
