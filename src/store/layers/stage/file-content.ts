import { ftruncateSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import type { ByteString, TarEntry } from '../../../spec/tar/mod.ts';
import { failed } from './unpack-errors.ts';

/** Writes the content of one file after the other as an archive brings it; holes of sparse files stay holes. */
export class FileContent {
  #fd = -1;
  /** Where in a sparse file the next bytes go; null for the usual one, which is written from its beginning on. */
  #at: number | null = null;

  /** What comes next is the content of `entry`, an empty file that is open for writing. */
  begin(fd: number, path: ByteString, entry: TarEntry): void {
    this.#fd = fd;
    this.#at = entry.fragments ? 0 : null;
    if (!entry.fragments) return;
    // The file gets its size at once, so that a hole at its end is one.
    try {
      ftruncateSync(fd, entry.size);
    } catch (error) {
      throw failed('ftruncate', path, (error as { errno?: number }).errno ?? -constants.errno.EFBIG);
    }
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const length = writeSync(this.#fd, bytes, at, bytes.length - at, this.#at);
      at += length;
      if (this.#at !== null) this.#at += length;
    }
  }

  hole(length: number): void {
    if (this.#at !== null) this.#at += length;
  }
}
