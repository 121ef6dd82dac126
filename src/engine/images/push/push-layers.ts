import { EngineError, shortId } from '../../../base/mod.ts';
import type { PushTarget } from '../../../registry/mod.ts';
import { chainIds } from '../../../spec/chain-id.ts';
import type { ChainId, DiffId } from '../../../spec/digest.ts';
import type { ProgressMessage } from '../../../spec/docker/mod.ts';
import type { Descriptor } from '../../../spec/oci/image.ts';
import type { Reference } from '../../../spec/reference.ts';
import type { StoredImage } from '../../../store/mod.ts';
import type { ImagesContext } from '../context.ts';
import { pushLayer } from './push-layer.ts';

export interface LayersPush {
  reference: Reference;
  image: StoredImage;
  target: PushTarget;
  /** Layers known to be in the repository; what is found or sent is added. */
  there: Map<DiffId, Descriptor>;
  signal: AbortSignal;
}

/**
 * Brings an image's layers to the registry, up to `max-concurrent-uploads` of the whole engine at once, the uppermost first as Docker does;
 * gives their descriptors, the lowest first. The first failure cancels the others.
 */
export async function pushLayers(
  context: ImagesContext,
  { reference, image, target, there, signal }: LayersPush,
  progress: (message: ProgressMessage) => void,
): Promise<Descriptor[]> {
  const diffIds = image.config.rootfs.diff_ids;
  const chain = chainIds(diffIds);
  const top = image.topLayer;
  if (top !== undefined && !context.layers.get(top)) {
    throw new EngineError('not-found', 'failed to get top layer from image: layer does not exist');
  }
  if (top !== undefined) context.layers.retain(top);
  const abort = new AbortController();
  const both = AbortSignal.any([signal, abort.signal]);
  const failures: unknown[] = [];
  const works = new Map<DiffId, Promise<void>>();
  try {
    for (const [index, diffId] of [...diffIds.entries()].reverse()) {
      const id = shortId(diffId);
      progress({ status: 'Preparing', progressDetail: {}, id });
      if (works.has(diffId)) continue;
      const work = async (): Promise<void> => {
        const onWait = () => progress({ status: 'Waiting', progressDetail: {}, id });
        using _slot = await context.uploads.take(onWait, both);
        both.throwIfAborted();
        const chainId = chain[index] as ChainId;
        const one = { reference, target, diffId, chainId, known: there.get(diffId), signal: both };
        there.set(diffId, await pushLayer(context, one, progress));
      };
      works.set(
        diffId,
        work().catch((error: unknown) => {
          failures.push(error);
          abort.abort();
        }),
      );
    }
    await Promise.all(works.values());
    if (signal.aborted) throw new EngineError('cancelled', 'context canceled');
    if (failures.length > 0) throw failures[0];
    return diffIds.map((diffId) => there.get(diffId) as Descriptor);
  } finally {
    await Promise.allSettled(works.values());
    if (top !== undefined) await context.layers.release(top);
  }
}
