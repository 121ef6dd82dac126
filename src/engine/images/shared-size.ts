import { chainIds } from '../../spec/chain-id.ts';
import type { ChainId } from '../../spec/digest.ts';
import type { StoredImage } from '../../store/mod.ts';
import type { ImagesContext } from './context.ts';

/** How many images have each layer. */
export type LayerUses = ReadonlyMap<ChainId, number>;

export function countLayerUses(images: readonly StoredImage[]): LayerUses {
  const uses = new Map<ChainId, number>();
  for (const image of images) {
    for (const chainId of layersOf(image)) uses.set(chainId, (uses.get(chainId) ?? 0) + 1);
  }
  return uses;
}

/** Bytes in layers of the image that another image has, too. Compat: `SharedSize` of moby's image list. */
export function sharedSize(
  { layers }: Pick<ImagesContext, 'layers'>,
  image: StoredImage,
  uses: LayerUses,
): number {
  let size = 0;
  for (const chainId of layersOf(image)) {
    if ((uses.get(chainId) ?? 0) > 1) size += layers.get(chainId)?.size ?? 0;
  }
  return size;
}

const chains = new WeakMap<StoredImage, readonly ChainId[]>();

/** Chain ids of an image's layers, lowest first; hashed once. */
export function layersOf(image: StoredImage): readonly ChainId[] {
  let chain = chains.get(image);
  if (!chain) {
    chain = chainIds(image.config.rootfs.diff_ids ?? []);
    chains.set(image, chain);
  }
  return chain;
}
