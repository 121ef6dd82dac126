import { type Logger, messageOf } from '../../base/mod.ts';
import type { ChainId } from '../../spec/digest.ts';
import type { Layout } from '../layout.ts';
import type { Durability } from './durability.ts';
import type { HeldLayers } from './held-layers.ts';
import { loadLayers, unrecordLayer } from './layer-db.ts';
import { checkedDirectory } from './overlay-directory.ts';

/** At a start: the layers on record, without those that a power cut may have damaged and what stands on them. */
export function loadHeldLayers(
  layout: Layout,
  layers: HeldLayers,
  durability: Durability,
  log: Logger,
): void {
  const lost = new Set<ChainId>();
  for (const { layer, unsynced } of loadLayers(layout, log)) {
    const { chainId, parent } = layer;
    if ((unsynced && !durability.survived(chainId)) || (parent !== undefined && lost.has(parent))) {
      log.warn('layer dropped: the machine went down before it was written to disk', { chainId });
      lost.add(chainId);
      unrecordLayer(layout, layer).finish();
      continue;
    }
    try {
      const below = parent === undefined ? undefined : layers.require(parent).directory;
      const { directory, repaired } = checkedDirectory(layout, layer.cacheId, below);
      if (repaired) log.warn('links of a layer written anew', { chainId });
      layers.add(layer, directory);
      if (unsynced) durability.note(chainId);
    } catch (error) {
      log.warn('layer skipped', { chainId, reason: messageOf(error) });
    }
  }
}
