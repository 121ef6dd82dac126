import { EngineError, formatTime, nowNano } from '../../base/mod.ts';
import type { DiffId, ImageId } from '../../spec/digest.ts';
import type { ImageRunConfig, ProgressMessage } from '../../spec/docker/mod.ts';
import type { ImageConfig } from '../../spec/oci/image.ts';
import { MEDIA_TYPES } from '../../spec/oci/image.ts';
import { hostPlatform } from '../../spec/platform.ts';
import { canonicalName, familiarName, parseReference, withDefaultTag } from '../../spec/reference.ts';
import { announce } from './announce.ts';
import { applyChanges } from './changes.ts';
import type { ImagesContext } from './context.ts';
import type { ImportOptions } from './images.ts';
import { throttled } from './throttle.ts';

/** Makes an image of one layer from a root file system's tar, durably. Nothing is left on failure. */
export async function importImage(
  context: ImagesContext,
  source: AsyncIterable<Uint8Array> | string,
  options: ImportOptions,
  progress: (message: ProgressMessage) => void,
): Promise<ImageId> {
  const { layers, images } = context;
  const name = options.tag ? `${options.repository}:${options.tag}` : options.repository;
  const reference = name ? withDefaultTag(parseReference(name)) : undefined;
  if (options.platform && options.platform.os !== hostPlatform().os) {
    throw new EngineError('invalid', 'operating system is not supported');
  }
  const run = applyChanges(options.changes);
  const { signal } = options;
  const archive = typeof source === 'string' ? await fetched(context, source, signal, progress) : source;
  // The stage workers inflate gzip and zstd themselves.
  const bytes = context.archives.inflate(archive, ['xz', 'bzip2']);
  const staged = await layers.stage({ mediaType: MEDIA_TYPES.ociLayer, source: bytes, signal });
  const layer = await layers.commit(staged, undefined);
  layers.retain(layer.chainId);
  try {
    // Nobody can fetch an upload again, so it is on disk before the answer.
    await layers.sync();
    const config = imageConfig(layer.diffId, run, options);
    const image = await images.put(Buffer.from(JSON.stringify(config)));
    if (reference) {
      await images.setName(canonicalName(reference), image.id);
      announce(context, image, 'tag', familiarName(reference));
    }
    const labels = run.Labels ?? {};
    context.events.publish('image', 'import', image.id, { ...labels, name: image.id });
    return image.id;
  } finally {
    await layers.release(layer.chainId);
  }
}

function imageConfig(diffId: DiffId, run: ImageRunConfig, options: ImportOptions): ImageConfig {
  const created = formatTime(nowNano());
  const comment = options.message || 'Imported from -';
  const { os, architecture, variant } = options.platform ?? hostPlatform();
  return {
    created,
    comment,
    architecture,
    os,
    ...(variant ? { variant } : {}),
    config: run,
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, comment }],
  };
}

/** Compat: the words and the figures of `docker import URL`. */
async function fetched(
  { registry }: ImagesContext,
  text: string,
  signal: AbortSignal,
  progress: (message: ProgressMessage) => void,
): Promise<AsyncIterable<Uint8Array>> {
  const url = text.includes('://') ? text : `http://${text}`;
  const { bytes, length } = await registry.download(url, { signal });
  progress({ status: `Downloading from ${url}` });
  const report = throttled(progress);
  async function* counted(): AsyncGenerator<Uint8Array> {
    let current = 0;
    for await (const chunk of bytes) {
      current += chunk.length;
      const figures = length === undefined ? { current } : { current, total: length };
      report({ status: 'Importing', progressDetail: figures });
      yield chunk;
    }
  }
  return counted();
}
