import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { EngineError, errnoOf, parseTime } from '../../base/mod.ts';
import { type ByteSource, GzipSource, plainSource } from '../files/byte-source.ts';
import { type Generation, generations, identityFrom, identityOf } from '../files/generations.ts';
import { readGzipNote } from '../files/gzip-note.ts';

/** One opened file of a log. It stays the same file when a rotation renames it. */
export interface LogFile {
  source: ByteSource;
  identity: string;
  compressed: boolean;
  /** Bytes; unknown of a compressed one, and then Infinity. */
  size: number;
  /** Nothing in it is younger, nanoseconds since 1970. */
  modified: bigint;
  /** Size as it is now. */
  sizeNow(): Promise<number>;
}

/** Opens one file for reading; undefined if it does not exist. */
async function openLogFile({ path, compressed }: Generation): Promise<LogFile | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { ino, size, mtimeNs, birthtimeNs } = await handle.stat({ bigint: true });
    if (!compressed) {
      return {
        source: plainSource(handle),
        identity: identityFrom(ino, birthtimeNs),
        compressed,
        size: Number(size),
        modified: mtimeNs,
        sizeNow: async () => (await handle.stat()).size,
      };
    }
    const note = readGzipNote(handle.fd);
    return {
      source: new GzipSource(handle),
      identity: note?.origin ?? `gz.${ino}`,
      compressed,
      size: Number.POSITIVE_INFINITY,
      modified: parseTime(note?.lastTime ?? '') ?? mtimeNs,
      sizeNow: async () => Number.POSITIVE_INFINITY,
    };
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
    const file = await openLogFile(newest);
    if (file) return file;
  }
  return undefined;
}

async function openAtOnce(path: string): Promise<LogFile[] | undefined> {
  const files: LogFile[] = [];
  let complete = false;
  try {
    for (const generation of snapshot(path)) {
      const file = await openLogFile(generation);
      if (file) files.unshift(file);
      if (file?.identity !== generation.identity) return undefined;
    }
    complete = true;
    return files;
  } finally {
    if (!complete) await closeLog(files);
  }
}

/** Closes them all. */
export async function closeLog(files: Iterable<LogFile>): Promise<void> {
  for (const file of files) await file.source.close();
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
  if (side === 'newer' && identityOf(path) === file.identity) return undefined;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const files = snapshot(path);
    const at = files.findIndex(({ identity }) => identity === file.identity);
    if (at < 0 && side === 'older') return undefined;
    const wanted = at < 0 ? files.at(-1) : files[side === 'newer' ? at - 1 : at + 1];
    if (!wanted) return undefined;
    const found = await openLogFile(wanted);
    if (found?.identity === wanted.identity) return found;
    await found?.source.close();
  }
  throw new EngineError('unavailable', `log ${path} is rotated faster than it can be read`);
}

const MAX_ATTEMPTS = 1000;

/**
 * The files, newest first, as they were at one moment. Race: a rotation moves files one by one, and
 * only ever up; two equal looks have none between them.
 */
function snapshot(path: string): Generation[] {
  for (let before = generations(path); ; ) {
    const now = generations(path);
    if (now.length === before.length && now.every((file, i) => isSame(file, before[i]))) return now;
    before = now;
  }
}

function isSame(a: Generation, b: Generation | undefined): boolean {
  return a.path === b?.path && a.identity === b.identity;
}
