import { createHash } from 'node:crypto';
import { EngineError } from '../../../base/mod.ts';
import { compressionOf } from '../../../spec/compression.ts';
import type { Digest } from '../../../spec/digest.ts';
import type { BlobSource, Layer, LayerStore, StagedLayer, StageRequest } from '../../layers/layer-store.ts';
import { restageLayer } from '../../layers/restage-layer.ts';
import { inflated } from './inflate.ts';

/** What a file of an archive turned out to be. */
export type Content =
  /** Small, and perhaps a document. */
  | { kind: 'document'; bytes: Buffer }
  /** What looks like a layer was unpacked while it was read; it is whoever takes it first. */
  | { kind: 'staged'; size: number; outcome: Promise<StagedLayer>; taken: boolean }
  /** By its name a layer that is here already, which is held: its bytes were not read. */
  | { kind: 'known'; size: number; digest: Digest; layer: Layer }
  /** Too large for a document, and no layer either. */
  | { kind: 'useless'; size: number };

type Request = Pick<StageRequest, 'onDownloaded' | 'signal'>;

/** Stages a layer from its bytes, however they are compressed. The digest is that of the bytes as they come. */
export async function stageBytes(
  layers: LayerStore,
  source: BlobSource,
  head: Uint8Array,
  request: Request,
): Promise<StagedLayer> {
  if (isUnpackedByWorkers(head)) return await layers.stage({ mediaType: '', source, ...request });
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const staged = await layers.stage({ mediaType: '', source: inflated(hashed()), ...request });
  return { ...staged, digest: `sha256:${hash.digest('hex')}` as Digest };
}

/** True for layers that begin like `head` and go to the stage workers as they are; others come as bytes. */
export function isUnpackedByWorkers(head: Uint8Array): boolean {
  const kind = compressionOf(head);
  return kind !== 'xz' && kind !== 'bzip2';
}

/** A staged layer made of a file of the archive; whoever gets it commits or discards it. */
export async function takeLayer(
  layers: LayerStore,
  content: Content,
  request: Request,
): Promise<StagedLayer> {
  switch (content.kind) {
    case 'document':
      return await stageBytes(layers, once(content.bytes), content.bytes, request);
    case 'known':
      return { ...(await restageLayer(layers, content.layer, request)), digest: content.digest };
    case 'useless':
      throw new EngineError('invalid', 'failed to register layer: archive/tar: invalid tar header');
    case 'staged': {
      const staged = await content.outcome;
      if (!content.taken) {
        content.taken = true;
        return staged;
      }
      const { digest, diffId } = staged;
      const layer = layers.list().find((other) => other.diffId === diffId);
      if (!layer) throw new EngineError('not-found', `layer ${diffId} does not exist`);
      return { ...(await restageLayer(layers, layer, request)), digest };
    }
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
