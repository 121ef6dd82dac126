import { constants, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { EngineError, errnoOf } from '../../base/mod.ts';
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
 * Opens all files of a log, oldest first. Race: where rotations come faster than we open, the files are opened one
 * by one from the newest on, each as the older neighbour of the last.
 */
export async function openLog(path: string): Promise<LogFile[]> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const files = await openAtOnce(path);
    if (files) return files;
  }
  const files: LogFile[] = [];
  try {
    for (let file = await openNewest(path); file; file = await openNeighbour(path, file, 'older')) {
      files.unshift(file);
    }
    return files;
  } catch (error) {
    await closeLog(files);
    throw error;
  }
}

async function openNewest(path: string): Promise<LogFile | undefined> {
  for (let newest = snapshot(path)[0]; newest; newest = snapshot(path)[0]) {
    const file = await openLogFile(generationPath(path, newest.generation));
    if (file) return file;
  }
  return undefined;
}

async function openAtOnce(path: string): Promise<LogFile[] | undefined> {
  const files: LogFile[] = [];
  let complete = false;
  try {
    for (const { generation, inode } of snapshot(path)) {
      const file = await openLogFile(generationPath(path, generation));
      if (file) files.unshift(file);
      if (file?.inode !== inode) return undefined;
    }
    complete = true;
    return files;
  } finally {
    if (!complete) await closeLog(files);
  }
}

/** Closes them all. */
export async function closeLog(files: Iterable<LogFile>): Promise<void> {
  for (const file of files) await file.handle.close();
}

/**
 * The file written next after `file` (or just before it), opened. `newer` of the current file is undefined; `newer` of
 * a file that is gone is the oldest there is.
 */
export async function openNeighbour(
  path: string,
  file: LogFile,
  side: 'newer' | 'older',
): Promise<LogFile | undefined> {
  if (side === 'newer' && inodeOf(path) === file.inode) return undefined;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const files = snapshot(path);
    const at = files.findIndex(({ inode }) => inode === file.inode);
    if (at < 0 && side === 'older') return undefined;
    const wanted = at < 0 ? files.at(-1) : files[side === 'newer' ? at - 1 : at + 1];
    if (!wanted) return undefined;
    const found = await openLogFile(generationPath(path, wanted.generation));
    if (found?.inode === wanted.inode) return found;
    await found?.handle.close();
  }
  throw new EngineError('unavailable', `log ${path} is rotated faster than it can be read`);
}

const MAX_ATTEMPTS = 1000;

interface Generation {
  generation: number;
  inode: bigint;
}

/**
 * Generations and inodes, newest first, as they were at one moment. Race: a rotation moves files one by one, and
 * only ever up; two equal looks have none between them.
 */
function snapshot(path: string): Generation[] {
  for (let before = look(path); ; ) {
    const now = look(path);
    if (now.length === before.length && now.every((file, i) => isSame(file, before[i]))) return now;
    before = now;
  }
}

function isSame(a: Generation, b: Generation | undefined): boolean {
  return a.generation === b?.generation && a.inode === b.inode;
}

function look(path: string): Generation[] {
  return generations(path)
    .reverse()
    .flatMap((generation) => {
      const inode = inodeOf(generationPath(path, generation));
      return inode === undefined ? [] : [{ generation, inode }];
    });
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
