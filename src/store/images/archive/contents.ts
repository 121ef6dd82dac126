import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { EngineError } from '../../../base/mod.ts';
import { compressionOf } from '../../../spec/compression.ts';
import type { DiffId, Digest } from '../../../spec/digest.ts';
import type { LayerStore, StagedLayer, StageRequest } from '../../layers/layer-store.ts';
import { inflated } from './inflate.ts';

/** What a file of an archive turned out to be. */
export type Content =
  /** Small, and perhaps a document. */
  | { kind: 'document'; bytes: Buffer }
  /** What looks like a layer was unpacked while it was read; it is whoever takes it first. */
  | { kind: 'staged'; size: number; outcome: Promise<StagedLayer>; taken: boolean }
  /** What looks like a layer that is here already lies in a file, in case that it is not the same. */
  | { kind: 'spooled'; size: number; path: string }
  /** Too large for a document, and no layer either. */
  | { kind: 'useless'; size: number };

export type Staging = Pick<LayerStore, 'stage' | 'discard'>;

type Request = Pick<StageRequest, 'onDownloaded' | 'signal'>;

/** Stages a layer from its bytes, however they are compressed. The digest is that of the bytes as they come. */
export async function stageBytes(
  layers: Staging,
  source: AsyncIterable<Uint8Array>,
  head: Uint8Array,
  request: Request,
): Promise<StagedLayer> {
  const kind = compressionOf(head);
  if (kind !== 'xz' && kind !== 'bzip2') return await layers.stage({ mediaType: '', source, ...request });
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const staged = await layers.stage({ mediaType: '', source: inflated(hashed()), ...request });
  return { ...staged, digest: `sha256:${hash.digest('hex')}` as Digest };
}

/** A staged layer made of a file of the archive; whoever gets it commits or discards it. */
export async function takeLayer(
  layers: Staging,
  content: Content,
  diffId: DiffId,
  request: Request,
): Promise<StagedLayer> {
  switch (content.kind) {
    case 'document':
      return await stageBytes(layers, once(content.bytes), content.bytes, request);
    case 'spooled': {
      const source = createReadStream(content.path, { highWaterMark: 512 * 1024 });
      return await stageBytes(layers, source, await readHead(content.path), request);
    }
    case 'useless':
      throw new EngineError('invalid', 'failed to register layer: archive/tar: invalid tar header');
    case 'staged': {
      const staged = await content.outcome;
      if (content.taken) throw new EngineError('internal', `layer ${diffId} was taken already`);
      content.taken = true;
      return staged;
    }
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function readHead(path: string): Promise<Uint8Array> {
  for await (const chunk of createReadStream(path, { end: 5 })) return chunk as Buffer;
  return new Uint8Array(0);
}
