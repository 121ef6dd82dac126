import { closeSync, fstatSync, openSync, readdirSync, type Stats } from 'node:fs';
import { cString, must, O_DIRECTORY, O_NOFOLLOW, O_PATH, openAt, readXattrsFd } from '../../../sys/mod.ts';
import { isOpaque } from '../../layers/merged-view.ts';

/** What a stack of layers shows by a name. Dispose of it. */
export interface MergedChild extends Disposable {
  /** O_PATH. */
  fd: number;
  stat: Stats;
  /** Of a directory, whose own it is to dispose of. */
  directory: MergedDirectory | undefined;
}

/**
 * One directory of a stack of layers as overlayfs would show it, without mounting it: the layers' own directories that
 * contribute, open, the uppermost first. A look at a child costs one call for each of them. Dispose of it.
 */
export class MergedDirectory implements Disposable {
  readonly #layers: readonly number[];

  private constructor(layers: readonly number[]) {
    this.#layers = layers;
  }

  /** The roots of layers, the uppermost first. */
  static ofLayers(paths: readonly string[]): MergedDirectory {
    const layers: number[] = [];
    try {
      for (const path of paths)
        layers.push(must('open', openAt(-100, cString(path), O_PATH | O_DIRECTORY), path));
    } catch (error) {
      for (const fd of layers) closeSync(fd);
      throw error;
    }
    return new MergedDirectory(layers);
  }

  /** Names are one character a byte. */
  child(name: string): MergedChild | undefined {
    const cName = cString(name, 'latin1');
    const directories: number[] = [];
    for (const layer of this.#layers) {
      const fd = openAt(layer, cName, O_PATH | O_NOFOLLOW);
      if (fd < 0) continue;
      const stat = fstatSync(fd);
      if (!stat.isDirectory()) {
        const isWhiteout = stat.isCharacterDevice() && stat.rdev === 0;
        if (isWhiteout || directories.length > 0) {
          closeSync(fd);
          break;
        }
        return { fd, stat, directory: undefined, [Symbol.dispose]: () => closeSync(fd) };
      }
      directories.push(fd);
      if (isOpaque(readXattrsFd(fd))) break;
    }
    const [top] = directories;
    if (top === undefined) return undefined;
    const directory = new MergedDirectory(directories);
    return { fd: top, stat: fstatSync(top), directory, [Symbol.dispose]: () => directory[Symbol.dispose]() };
  }

  /** What it shows, in no order. */
  names(): string[] {
    const shown = new Map<string, boolean>();
    for (const layer of this.#layers) {
      const fd = openSync(`/proc/self/fd/${layer}`, O_DIRECTORY);
      try {
        for (const name of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'latin1' })) {
          if (!shown.has(name)) shown.set(name, !isWhiteout(fd, name));
        }
      } finally {
        closeSync(fd);
      }
    }
    return [...shown].filter(([, isShown]) => isShown).map(([name]) => name);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#layers) closeSync(fd);
  }
}

function isWhiteout(directory: number, name: string): boolean {
  const fd = openAt(directory, cString(name, 'latin1'), O_PATH | O_NOFOLLOW);
  if (fd < 0) return false;
  try {
    const stat = fstatSync(fd);
    return stat.isCharacterDevice() && stat.rdev === 0;
  } finally {
    closeSync(fd);
  }
}
