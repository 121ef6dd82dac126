import { EngineError, shortId } from '../../base/mod.ts';
import type { ResolvedImage } from '../../registry/mod.ts';
import type { ChainId } from '../../spec/digest.ts';
import type { AuthConfig, ProgressMessage } from '../../spec/docker/mod.ts';
import type { Descriptor } from '../../spec/oci/image.ts';
import { canonicalRepository, type Reference } from '../../spec/reference.ts';
import { isWorthKeeping, type StagedLayer } from '../../store/mod.ts';
import type { ImagesContext } from './context.ts';

/** As often as Docker: one line a layer in this time, milliseconds. */
const PROGRESS_EVERY_MS = 100;

export interface LayersRequest {
  reference: Reference;
  resolved: ResolvedImage;
  /** Chain id of each layer, bottom first. */
  chain: ChainId[];
  /** Keeps a layer until the image is on record. */
  hold: (chainId: ChainId) => void;
  signal: AbortSignal;
  auth?: AuthConfig;
}

/**
 * Stages the missing layers all at once, up to `max-concurrent-downloads` of the whole engine, and commits each as soon
 * as it and all below it are there. The first failure cancels the others; what was whole by then is left for the next
 * pull, unless it is of an image that is wrong or the disk is full.
 */
export async function pullLayers(
  context: ImagesContext,
  request: LayersRequest,
  progress: (message: ProgressMessage) => void,
): Promise<void> {
  const { layers } = request.resolved.manifest;
  const present = request.chain.findLastIndex((chainId) => context.layers.get(chainId) !== undefined) + 1;
  const top = request.chain[present - 1];
  if (top !== undefined) request.hold(top);
  const isHere = (index: number) =>
    index < present && !context.layers.isDamaged(request.chain[index] as ChainId);
  for (const [index, layer] of layers.entries()) {
    progress({
      status: isHere(index) ? 'Already exists' : 'Pulling fs layer',
      progressDetail: {},
      id: shortId(layer.digest),
    });
  }
  const abort = new AbortController();
  const signal = AbortSignal.any([request.signal, abort.signal]);
  const failures: unknown[] = [];
  const staged = layers.map(async (descriptor, index): Promise<StagedLayer | undefined> => {
    if (isHere(index)) return undefined;
    return await stageOne(context, request, descriptor, index, signal, progress);
  });
  for (const waiting of staged) {
    waiting.catch((error: unknown) => {
      failures.push(error);
      abort.abort(error);
    });
  }
  try {
    for (const [index, waiting] of staged.entries()) {
      const layer = await waiting;
      if (!layer) continue;
      const chainId = request.chain[index] as ChainId;
      await context.layers.commit(layer, index === 0 ? undefined : request.chain[index - 1]);
      request.hold(chainId);
      progress({ status: 'Pull complete', progressDetail: {}, id: shortId(layer.digest) });
    }
  } catch (error) {
    abort.abort(error);
    const settled = await Promise.allSettled(staged);
    const failure = request.signal.aborted ? undefined : (failures.find((each) => !isAbort(each)) ?? error);
    const store = context.layers;
    for (const one of settled) {
      if (one.status !== 'fulfilled' || !one.value) continue;
      await (isWorthKeeping(failure) ? store.keep(one.value) : store.discard(one.value));
    }
    if (request.signal.aborted) throw new EngineError('cancelled', 'context canceled', { cause: error });
    throw failure;
  }
}

async function stageOne(
  context: ImagesContext,
  request: LayersRequest,
  descriptor: Descriptor,
  index: number,
  signal: AbortSignal,
  progress: (message: ProgressMessage) => void,
): Promise<StagedLayer> {
  const id = shortId(descriptor.digest);
  const report = throttle((status: string, current: number) => {
    progress({ status, progressDetail: { current, total: descriptor.size }, id });
  });
  const { auth } = request;
  let downloaded = false;
  const source = (offset: number, fetchSignal: AbortSignal) =>
    context.registry.streamBlob(request.reference, descriptor, {
      offset,
      signal: fetchSignal,
      ...(auth ? { auth } : {}),
    });
  const diffId = request.resolved.config.rootfs.diff_ids[index];
  return await context.layers.stage({
    digest: descriptor.digest,
    size: descriptor.size,
    mediaType: descriptor.mediaType,
    repository: canonicalRepository(request.reference),
    ...(diffId ? { diffId } : {}),
    source,
    turns: context.downloads,
    signal,
    onWaiting: () => progress({ status: 'Waiting', progressDetail: {}, id }),
    onDownloaded: (bytes) => {
      if (bytes < descriptor.size) report('Downloading', bytes);
      else if (!downloaded) {
        downloaded = true;
        progress({ status: 'Verifying Checksum', progressDetail: {}, id });
        progress({ status: 'Download complete', progressDetail: {}, id });
      }
    },
    onExtracted: (bytes) => {
      if (downloaded) report('Extracting', bytes);
    },
  });
}

function throttle(
  emit: (status: string, current: number) => void,
): (status: string, current: number) => void {
  let last = 0;
  return (status, current) => {
    const now = Date.now();
    if (now - last < PROGRESS_EVERY_MS) return;
    last = now;
    emit(status, current);
  };
}

function isAbort(error: unknown): boolean {
  return (
    (error as { name?: string } | null)?.name === 'AbortError' ||
    (error instanceof EngineError && error.code === 'cancelled')
  );
}
