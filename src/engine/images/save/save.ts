import { Cleanup, EngineError, isEngineError, messageOf } from '../../../base/mod.ts';
import { chainIds } from '../../../spec/chain-id.ts';
import type { ChainId } from '../../../spec/digest.ts';
import type { Platform } from '../../../spec/platform.ts';
import { END_OF_ARCHIVE, encodeHeader, padding, toByteString } from '../../../spec/tar/mod.ts';
import { announce } from '../announce.ts';
import type { ImagesContext } from '../context.ts';
import { createdAt } from '../created.ts';
import { type PlannedImage, type PlannedMember, planArchive } from './archive-plan.ts';
import { type Selected, selectImages } from './select.ts';

/**
 * The archive of the images that `names` mean, as `docker save` writes it; nothing of it is put on disk first. Each
 * piece is valid until the next is asked for. Unknown names reject before the first piece. Damaged layers: `corrupt`
 * in the middle, which the API can only tell by cutting the answer.
 */
export async function* save(
  context: ImagesContext,
  names: readonly string[],
  options: { platforms: readonly Platform[]; signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, void> {
  const selected = selectImages(context, names, options.platforms);
  for (const { image } of selected) {
    if (!image.topLayer) throw new EngineError('internal', 'empty export - not implemented');
  }
  await using holds = new Cleanup((what, error) => {
    context.log.warn('cannot release a layer after a save', { what, error: messageOf(error) });
  });
  for (const { image } of selected) {
    const top = image.topLayer as ChainId;
    context.layers.retain(top);
    holds.defer(top, () => context.layers.release(top));
  }
  const images = await measure(context, selected);
  try {
    for (const member of planArchive(images)) yield* encodeMember(context, member, options.signal);
  } catch (error) {
    // The client learns of it only that the answer was cut.
    if (isEngineError(error, 'corrupt')) context.log.error('a save was cut short', { error: error.message });
    throw error;
  }
  yield END_OF_ARCHIVE;
  for (const { image } of selected) announce(context, image, 'save', image.id);
}

async function measure(context: ImagesContext, selected: readonly Selected[]): Promise<PlannedImage[]> {
  const sizes = new Map<ChainId, Promise<number>>();
  const sizeOf = (chainId: ChainId): Promise<number> => {
    const size = sizes.get(chainId) ?? context.layers.tars.measure(chainId);
    sizes.set(chainId, size);
    return size;
  };
  const ids = new Set(selected.map(({ image }) => image.id));
  return await Promise.all(
    selected.map(async ({ image, tags }): Promise<PlannedImage> => {
      const chain = chainIds(image.config.rootfs.diff_ids);
      const layers = image.config.rootfs.diff_ids.map(async (diffId, index) => {
        const chainId = chain[index] as ChainId;
        return { diffId, chainId, size: await sizeOf(chainId) };
      });
      const parent = context.images.parentOf(image.id);
      return {
        id: image.id,
        configBytes: image.configBytes,
        created: Number((createdAt(image) ?? 0n) / 1_000_000_000n),
        tags,
        layers: await Promise.all(layers),
        parent: parent && ids.has(parent) ? parent : undefined,
      };
    }),
  );
}

async function* encodeMember(
  context: ImagesContext,
  { name, mtime, content }: PlannedMember,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const common = { name: toByteString(name), mtime: { seconds: mtime, nanoseconds: 0 } };
  if (content.kind === 'directory') {
    yield encodeHeader({ ...common, type: '5', mode: 0o755 });
    return;
  }
  const size = content.kind === 'bytes' ? content.bytes.length : content.layer.size;
  yield encodeHeader({ ...common, size });
  if (content.kind === 'bytes') yield content.bytes;
  else yield* context.layers.tars.read(content.layer.chainId, { signal });
  yield padding(size);
}
