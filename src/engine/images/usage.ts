import type { ChainId } from '../../spec/digest.ts';
import type { ImagesContext } from './context.ts';
import type { ImagesUsage } from './images.ts';
import { layersOf } from './shared-size.ts';

/**
 * What images take on the disk: each layer once. Compat: what can be reclaimed is here what removing all unused images
 * would really free; Docker leaves out what unused images share among each other, and older clients count on their own.
 */
export function usage(context: ImagesContext): ImagesUsage {
  const users = context.users.counts();
  const all = new Set<ChainId>();
  const needed = new Set<ChainId>();
  for (const image of context.images.list()) {
    for (const chainId of layersOf(image)) {
      all.add(chainId);
      if (users.has(image.id)) needed.add(chainId);
    }
  }
  const bytes = (chainIds: Iterable<ChainId>) => {
    let sum = 0;
    for (const chainId of chainIds) sum += context.layers.get(chainId)?.size ?? 0;
    return sum;
  };
  const total = bytes(all);
  return { total, reclaimable: total - bytes(needed) };
}
