import { closeSync, lstatSync } from 'node:fs';
import { messageOf } from '../../../base/mod.ts';
import { displayBytes } from '../../../spec/tar/mod.ts';
import { LayerFiles } from './layer-files.ts';
import type { LayerSource } from './layer-tar.ts';
import { TarSplitReader } from './tar-split-reader.ts';

/**
 * Why a layer cannot be whole, told without reading its files: one is missing or has another size than its tar-split
 * says; undefined if there is nothing to be seen. What was altered within its length only reading it all would tell:
 * `save` and `push` do.
 */
export function quickDamage({ diff, tarSplit }: LayerSource, scratch: Buffer): string | undefined {
  try {
    using records = new TarSplitReader(tarSplit, scratch);
    using files = new LayerFiles(diff);
    const root = Buffer.from(`${diff}/`);
    for (let record = records.next(); record; record = records.next()) {
      if (record.type !== 'file' || record.size === 0) continue;
      if (hasSize(Buffer.concat([root, Buffer.from(record.name, 'latin1')]), record.size)) continue;
      // The archive may name it by a way that leads through its own links.
      const file = files.open(record.name);
      const shown = `file ${JSON.stringify(displayBytes(record.name))}`;
      if (typeof file === 'string') return `${shown}: ${file}`;
      closeSync(file.fd);
      if (file.size !== record.size) return `${shown}: it has ${file.size} bytes instead of ${record.size}`;
    }
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function hasSize(path: Buffer, size: number): boolean {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat?.isFile() === true && stat.size === size;
  } catch {
    return false;
  }
}
