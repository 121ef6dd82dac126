import type { ChainId } from '../../spec/digest.ts';
import type { LayerStore } from '../../store/mod.ts';

/** True if one of the layers that are here was damaged by somebody's hand or the disk: a pull replaces it. */
export async function isDamaged(layers: LayerStore, chain: readonly ChainId[]): Promise<boolean> {
  const top = chain.findLast((chainId) => layers.get(chainId) !== undefined);
  if (top === undefined) return false;
  await layers.examine(top);
  return chain.some((chainId) => layers.isDamaged(chainId));
}
