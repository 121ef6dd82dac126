import { closeSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errnoOf } from '../../base/mod.ts';
import { readGzipNote } from './gzip-note.ts';

/** One file of a log. Compat: the current one is `path`, the one before `path.1` or `path.1.gz`, and so on. */
export interface Generation {
  generation: number;
  path: string;
  compressed: boolean;
  /** Stays the same when it is renamed, and when it is compressed. */
  identity: string;
}

/** The files there are, newest first. Where a crash left both, plain and compressed, the plain one counts. */
export function generations(path: string): Generation[] {
  const name = basename(path);
  const found = new Map<number, { path: string; compressed: boolean }>();
  for (const entry of entriesOf(dirname(path))) {
    const number = entry === name ? 0 : numberOf(entry, name);
    if (number === undefined) continue;
    const compressed = entry.endsWith('.gz');
    if (compressed && found.has(number)) continue;
    found.set(number, { path: entry === name ? path : `${path}${entry.slice(name.length)}`, compressed });
  }
  return [...found]
    .sort(([a], [b]) => a - b)
    .flatMap(([generation, file]) => {
      const identity = file.compressed ? originOf(file.path) : identityOf(file.path);
      return identity === undefined ? [] : [{ generation, ...file, identity }];
    });
}

/**
 * Moves each file one generation on, so that `path` is free; at most `maxFiles` are left with the one to come.
 * Crash: a gap in the numbers, which readers step over and the next rotation closes.
 */
export function rotate(path: string, maxFiles: number): void {
  if (maxFiles < 2) {
    // Why not truncate: who follows the log still reads the end of the old file.
    rmSync(path, { force: true });
    return;
  }
  const numbers = entriesOf(dirname(path)).map((entry) => numberOf(entry, basename(path)) ?? 0);
  const last = Math.min(maxFiles - 1, Math.max(0, ...numbers) + 1);
  for (let generation = last; generation > 0; generation--) {
    const from = generation === 1 ? path : `${path}.${generation - 1}`;
    const to = `${path}.${generation}`;
    const plain = moved(from, to);
    const compressed = generation > 1 && moved(`${from}.gz`, `${to}.gz`);
    // What had the number before would stand beside it in its other shape.
    if (plain !== compressed) rmSync(plain ? `${to}.gz` : to, { force: true });
  }
}

function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return false;
  }
}

/**
 * Puts the compressed copy of a file in its place, whatever number it has by now; without the file the copy goes.
 * Crash: both are there, and the next rotation keeps both; readers take the plain one.
 */
export function replaceByCompressed(path: string, identity: string, copy: string): void {
  const file = generations(path).find((one) => !one.compressed && one.identity === identity);
  if (!file || file.generation === 0) {
    rmSync(copy, { force: true });
    return;
  }
  renameSync(copy, `${file.path}.gz`);
  rmSync(file.path, { force: true });
}

/** Of a plain file; undefined if there is none. Its inode alone is used again soon after its end. */
export function identityOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && identityFrom(stat.ino, stat.birthtimeNs);
}

/** The same, of what `stat` says of an open file. */
export function identityFrom(inode: bigint, birth: bigint): string {
  return `${inode}.${birth}`;
}

function originOf(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return readGzipNote(fd)?.origin ?? `gz.${statSync(path, { throwIfNoEntry: false })?.ino}`;
  } finally {
    closeSync(fd);
  }
}

function numberOf(entry: string, name: string): number | undefined {
  if (!entry.startsWith(`${name}.`)) return undefined;
  const match = /^([1-9]\d{0,5})(\.gz)?$/.exec(entry.slice(name.length + 1));
  return match ? Number(match[1]) : undefined;
}

function entriesOf(directory: string): string[] {
  try {
    // Plain before compressed.
    return readdirSync(directory).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
