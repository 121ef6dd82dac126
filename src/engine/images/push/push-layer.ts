import { isEngineError, shortId } from '../../../base/mod.ts';
import type { PushedBlob, PushTarget } from '../../../registry/mod.ts';
import type { ChainId, DiffId, Digest } from '../../../spec/digest.ts';
import type { ProgressMessage } from '../../../spec/docker/mod.ts';
import { type Descriptor, MEDIA_TYPES } from '../../../spec/oci/image.ts';
import { canonicalRepository, type Reference } from '../../../spec/reference.ts';
import type { ImagesContext } from '../context.ts';
import { throttled } from '../throttle.ts';
import { rankOrigins } from './rank-origins.ts';

/** Blobs that the repository is asked for before the layer is sent. */
const MAX_LOOKS = 3;
/** Repositories that are asked to lend theirs. */
const MAX_MOUNTS = 4;

export interface LayerPush {
  reference: Reference;
  target: PushTarget;
  diffId: DiffId;
  chainId: ChainId;
  /** It was found or sent before, in this push. */
  known: Descriptor | undefined;
  signal: AbortSignal;
}

/**
 * Brings one layer to the repository, by the cheapest way that works: it is there already; another repository of the
 * registry lends it; it is compressed and sent. Compat: moby `push_v2.go` `Upload`; there small layers get fewer looks.
 */
export async function pushLayer(
  context: ImagesContext,
  push: LayerPush,
  progress: (message: ProgressMessage) => void,
): Promise<Descriptor> {
  const id = shortId(push.diffId);
  const say = (status: string) => progress({ status, progressDetail: {}, id });
  if (push.known) {
    say('Layer already exists');
    return push.known;
  }
  const { origins } = context.layers;
  const repository = canonicalRepository(push.reference);
  const { looks, mounts } = rankOrigins(origins.of(push.diffId), push.reference);
  const found = (digest: Digest, size: number, status: string): Descriptor => {
    origins.learn(push.diffId, digest, repository);
    say(status);
    return { mediaType: MEDIA_TYPES.dockerLayer, digest, size };
  };
  const look = async (digest: Digest): Promise<Descriptor | undefined> => {
    const size = await push.target.findBlob(digest);
    if (size !== undefined) return found(digest, size, 'Layer already exists');
    origins.forget(push.diffId, { digest, repository });
    return undefined;
  };
  for (const digest of looks.slice(0, 1)) {
    const there = await look(digest);
    if (there) return there;
  }
  for (const origin of mounts.slice(0, MAX_MOUNTS)) {
    if (!(await mount(push, origin.digest, origin.path))) continue;
    // The answer to a mount does not tell the size.
    const size = await push.target.findBlob(origin.digest);
    if (size !== undefined) return found(origin.digest, size, `Mounted from ${origin.path}`);
  }
  for (const digest of looks.slice(1, MAX_LOOKS)) {
    const there = await look(digest);
    if (there) return there;
  }
  const { digest, size } = await send(context, push, progress);
  return found(digest, size, 'Pushed');
}

/** A registry that refuses to lend (no right to the other repository) is no reason to give up. */
async function mount({ target }: LayerPush, digest: Digest, path: string): Promise<boolean> {
  try {
    return await target.mountBlob(digest, path);
  } catch (error) {
    if (isEngineError(error, 'cancelled')) throw error;
    return false;
  }
}

async function send(
  context: ImagesContext,
  { target, chainId, diffId, signal }: LayerPush,
  progress: (message: ProgressMessage) => void,
): Promise<PushedBlob> {
  const total = context.layers.get(chainId)?.size ?? 0;
  const show = throttled(progress);
  const onRead = (current: number) =>
    show({ status: 'Pushing', progressDetail: { current, total }, id: shortId(diffId) });
  return await target.uploadBlob(() => context.layers.tars.gzip(chainId, { signal, onRead }));
}
