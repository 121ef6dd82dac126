import type { ChainId } from '../../spec/digest.ts';
import type { LayerTars } from './export/layer-tars.ts';
import type { Layer, StagedLayer, StageRequest } from './layer-store.ts';

/** What of a `LayerStore` is needed to stage a layer of it again. */
export interface Restaging {
  tars: Pick<LayerTars, 'read'>;
  stage(request: StageRequest): Promise<StagedLayer>;
  retain(chainId: ChainId): void;
  letGo(chainId: ChainId): void;
}

/**
 * Stages a layer that is in its place once more, from its own tar, to be put above another parent. Race: whoever put it
 * there may not have taken a hold yet, so ours ends without a removal.
 */
export async function restageLayer(
  store: Restaging,
  { chainId, diffId }: Layer,
  request: Pick<StageRequest, 'onDownloaded' | 'signal'>,
): Promise<StagedLayer> {
  store.retain(chainId);
  try {
    const { signal } = request;
    const source = store.tars.read(chainId, signal ? { signal } : {});
    return await store.stage({ mediaType: '', diffId, source, ...request });
  } finally {
    store.letGo(chainId);
  }
}
