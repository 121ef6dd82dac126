import { EngineError, shortId } from '../../../base/mod.ts';
import { chainIds } from '../../../spec/chain-id.ts';
import type { ChainId, Digest } from '../../../spec/digest.ts';
import type { ProgressMessage } from '../../../spec/docker/mod.ts';
import type { ImageConfig } from '../../../spec/oci/image.ts';
import type { ImageArchive, StagedLayer } from '../../../store/mod.ts';
import type { ImagesContext } from '../context.ts';

/** Where an archive has a layer. */
export interface ArchivedLayer {
  path: string;
  /** Of the file, where the archive says it. */
  digest?: Digest;
}

export interface LoadLayersRequest {
  archive: ImageArchive;
  config: ImageConfig;
  /** As many as the configuration's diffIDs. */
  layers: ArchivedLayer[];
  /** Keeps a layer until the image is on record. */
  hold: (chainId: ChainId) => void;
  signal: AbortSignal;
}

/** Puts the layers of one image that are not there yet in their place, the lowest first. */
export async function loadLayers(
  context: ImagesContext,
  { archive, config, layers, hold, signal }: LoadLayersRequest,
  progress: (message: ProgressMessage) => void,
): Promise<void> {
  const diffIds = config.rootfs.diff_ids;
  const chain = chainIds(diffIds);
  const present = chain.findLastIndex((chainId) => context.layers.get(chainId) !== undefined) + 1;
  const top = chain[present - 1];
  if (top !== undefined) hold(top);
  for (const [index, layer] of layers.entries()) {
    const diffId = diffIds[index];
    const chainId = chain[index];
    if (index < present || diffId === undefined || chainId === undefined) continue;
    signal.throwIfAborted();
    const staged = await archive.takeLayer(layer.path, {
      signal,
      onProgress: (current, total) => {
        progress({ status: 'Loading layer', progressDetail: { current, total }, id: shortId(diffId) });
      },
    });
    try {
      check(staged, layer, index, diffId);
    } catch (error) {
      await context.layers.discard(staged);
      throw error;
    }
    await context.layers.commit(staged, chain[index - 1]);
    hold(chainId);
  }
}

/** Compat: as moby says it; the position and both digests. */
function check(staged: StagedLayer, { digest }: ArchivedLayer, index: number, diffId: string): void {
  if (digest !== undefined && staged.digest !== digest) {
    throw new EngineError('corrupt', `filesystem layer verification failed for digest ${digest}`);
  }
  if (staged.diffId === diffId) return;
  throw new EngineError(
    'corrupt',
    `invalid diffID for layer ${index}: expected "${diffId}", got "${staged.diffId}"`,
  );
}
