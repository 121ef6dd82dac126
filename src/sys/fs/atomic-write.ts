import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface AtomicWriteOptions {
  /** Mode of the new file; 0o600 unless given. */
  mode?: number;
  /** fsync the file and its directory: only for what must outlive a power cut (design section 5). */
  durable?: boolean;
}

/**
 * Writes `content` to `path` so that a reader, or a restart after a crash at any moment, finds either the old file
 * or the whole new one. A concurrent writer of the same path wins or loses as a whole.
 * Crash: a file `.tmp-…` may stay beside `path`; whoever lists the directory skips names that begin so.
 */
export function atomicWrite(
  path: string,
  content: string | Uint8Array,
  options: AtomicWriteOptions = {},
): void {
  const temporary = join(dirname(path), `.tmp-${process.pid}-${Math.random().toString(36).slice(2)}`);
  const fd = openSync(temporary, 'wx', options.mode ?? 0o600);
  try {
    writeFileSync(fd, content);
    if (options.durable) fsyncSync(fd);
  } catch (error) {
    closeSync(fd);
    rmSync(temporary, { force: true });
    throw error;
  }
  closeSync(fd);
  renameSync(temporary, path);
  if (options.durable) syncDirectory(dirname(path));
}

/**
 * As `atomicWrite` with `durable`, but waits for the disk on another thread: an fsync may take seconds while others
 * write a lot.
 */
export async function atomicWriteDurably(
  path: string,
  content: string | Uint8Array,
  options: Pick<AtomicWriteOptions, 'mode'> = {},
): Promise<void> {
  const temporary = join(dirname(path), `.tmp-${process.pid}-${Math.random().toString(36).slice(2)}`);
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** fsyncs a directory, so that renames in it outlive a power cut. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
