import { closeSync, readSync } from 'node:fs';
import { CRC64_START, Crc64, crc64Digest, displayBytes } from '../../../spec/tar/mod.ts';
import { LayerFiles } from './layer-files.ts';
import type { LayerSource } from './layer-tar.ts';
import { TarSplitReader } from './tar-split-reader.ts';

const WINDOW_PAGES = 4;

/**
 * Which file makes a layer's tar another one than it was: the first whose CRC differs from the one in the tar-split;
 * undefined if none does. Why not on the way: the diffID finds each damage too, and the sum costs as much again.
 */
export function findDamage({ diff, tarSplit }: LayerSource): string | undefined {
  const crc = new Crc64(WINDOW_PAGES);
  using records = new TarSplitReader(tarSplit, Buffer.alloc(64 * 1024));
  using files = new LayerFiles(diff);
  for (let record = records.next(); record; record = records.next()) {
    if (record.type !== 'file' || record.size === 0 || !record.crc) continue;
    const file = files.open(record.name);
    const shown = `file ${JSON.stringify(displayBytes(record.name))}`;
    if (typeof file === 'string') return `${shown}: ${file}`;
    try {
      let state = CRC64_START;
      for (let length = 1; length > 0; ) {
        length = readSync(file.fd, crc.window, 0, crc.window.length, null);
        state = crc.update(state, 0, length);
      }
      if (!crc64Digest(state).equals(record.crc)) return `${shown}: its content is not what it was`;
    } finally {
      closeSync(file.fd);
    }
  }
  return undefined;
}
