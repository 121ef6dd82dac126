import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { errnoOf } from '../../base/mod.ts';
import { generationPath, generations } from '../json-file/generations.ts';

/** One opened file of a log. It stays the same file when a rotation renames it. */
export interface LogFile {
  handle: FileHandle;
  inode: bigint;
  size: number;
  modified: bigint;
}

/** Opens one file for reading; undefined if it does not exist. */
export async function openLogFile(path: string): Promise<LogFile | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { ino, size, mtimeNs } = await handle.stat({ bigint: true });
    return { handle, inode: ino, size: Number(size), modified: mtimeNs };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Opens all files of a log, oldest first. Race: opened from the newest on, so that a rotation in between shows a file
 * twice (which is noticed), and never leaves one out.
 */
export async function openLog(path: string): Promise<LogFile[]> {
  const files: LogFile[] = [];
  try {
    const newestFirst = generations(path).reverse();
    // What a rotation moves while we open them has one number more.
    const last = newestFirst.at(-1);
    if (last !== undefined) newestFirst.push(last + 1);
    for (const generation of newestFirst) {
      const file = await openLogFile(generationPath(path, generation));
      if (!file) continue;
      if (files.some((other) => other.inode === file.inode)) await file.handle.close();
      else files.push(file);
    }
    return files.reverse();
  } catch (error) {
    await closeLog(files);
    throw error;
  }
}

/** Closes them all. */
export async function closeLog(files: Iterable<LogFile>): Promise<void> {
  for (const file of files) await file.handle.close();
}

/**
 * The file that came after `file`, opened; undefined while `file` is the current one (or a rotation is half done).
 */
export async function openSuccessor(path: string, file: LogFile): Promise<LogFile | undefined> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const at = await generationOf(path, file.inode);
    if (at === 0) return undefined;
    const oldest = generations(path)[0];
    if (oldest === undefined) return undefined;
    const next = await openLogFile(generationPath(path, at === undefined ? oldest : at - 1));
    if (!next) {
      if (at === 1) return undefined;
      continue;
    }
    // Race: another rotation in between may have made this one the wrong one.
    if (next.inode !== file.inode && (await generationOf(path, file.inode)) === at) return next;
    await next.handle.close();
  }
  return undefined;
}

async function generationOf(path: string, inode: bigint): Promise<number | undefined> {
  for (const generation of generations(path).reverse()) {
    try {
      const found = await stat(generationPath(path, generation), { bigint: true });
      if (found.ino === inode) return generation;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
}
