import { formatTime, nowNano } from '../../base/mod.ts';
import type { DiffId, ImageId } from '../../spec/digest.ts';
import type { ImageRunConfig } from '../../spec/docker/mod.ts';
import type { ImageConfig } from '../../spec/oci/image.ts';
import { MEDIA_TYPES } from '../../spec/oci/image.ts';
import { hostPlatform } from '../../spec/platform.ts';
import { canonicalName, familiarName, parseReference, withDefaultTag } from '../../spec/reference.ts';
import { applyChanges } from './changes.ts';
import type { ImagesContext } from './context.ts';
import type { ImportOptions } from './images.ts';

/** Makes an image of one layer from a root file system's tar, durably. Nothing is left on failure. */
export async function importImage(
  context: ImagesContext,
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<ImageId> {
  const { layers, images } = context;
  const name = options.tag ? `${options.repository}:${options.tag}` : options.repository;
  const reference = name ? withDefaultTag(parseReference(name)) : undefined;
  const run = applyChanges(options.changes);
  const staged = await layers.stage({ mediaType: MEDIA_TYPES.ociLayer, source, signal: options.signal });
  const layer = await layers.commit(staged, undefined);
  layers.retain(layer.chainId);
  try {
    // Nobody can fetch an upload again, so it is on disk before the answer.
    await layers.sync();
    const config = imageConfig(layer.diffId, run, options);
    const image = await images.put(Buffer.from(JSON.stringify(config)));
    if (reference) await images.setName(canonicalName(reference), image.id);
    context.events.publish('image', 'import', image.id, {
      name: reference ? familiarName(reference) : image.id,
    });
    return image.id;
  } finally {
    await layers.release(layer.chainId);
  }
}

function imageConfig(diffId: DiffId, run: ImageRunConfig, options: ImportOptions): ImageConfig {
  const created = formatTime(nowNano());
  const { os, architecture, variant } = options.platform ?? hostPlatform();
  return {
    created,
    architecture,
    os,
    ...(variant ? { variant } : {}),
    config: run,
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, comment: options.message || 'Imported from -' }],
  };
}
