import { EngineError, messageOf } from '../../../base/mod.ts';
import type { TarSplitFile } from '../../../spec/tar/mod.ts';
import type { LayerSource } from './layer-tar.ts';
import { TarSplitReader } from './tar-split-reader.ts';

function storedSize({ size, fragments }: TarSplitFile): number {
  return fragments ? fragments.reduce((sum, { length }) => sum + length, 0) : size;
}

/** Bytes of a layer's tar, as its tar-split says; no file is looked at. Throws `corrupt` where it cannot be read. */
export function tarSize({ tarSplit, diffId }: LayerSource, scratch: Buffer): number {
  try {
    using records = new TarSplitReader(tarSplit, scratch);
    let size = 0;
    for (let record = records.next(); record; record = records.next()) {
      size += record.type === 'segment' ? record.bytes.length : storedSize(record);
    }
    return size;
  } catch (error) {
    const message = `layer ${diffId} is damaged: its tar-split.json.gz is broken: ${messageOf(error)}`;
    throw new EngineError('corrupt', message, { cause: error });
  }
}
