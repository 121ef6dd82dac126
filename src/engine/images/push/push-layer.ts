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
 * registry lends it; another push sends it just now; it is compressed and sent. Compat: moby `push_v2.go` `Upload`; there
 * small layers get fewer looks, and only pushes to the same repository share the work.
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
  const there = await find(context, push, say);
  if (there) return there;
  let waited = false;
  const onWait = () => {
    waited = true;
    say('Waiting');
  };
  const key = `${push.reference.domain} ${push.diffId}`;
  using _turn = await context.sending.take(key, onWait, push.signal);
  // Another push has sent it meanwhile, to this repository or to one that lends it.
  const sent = waited ? await find(context, push, say) : undefined;
  if (sent) return sent;
  const { digest, size } = await send(context, push, progress);
  return found(context, push, { digest, size }, () => say('Pushed'));
}

/** The layer in the repository, if it is there or can be mounted. */
async function find(
  context: ImagesContext,
  push: LayerPush,
  say: (status: string) => void,
): Promise<Descriptor | undefined> {
  const { origins } = context.layers;
  const repository = canonicalRepository(push.reference);
  const { looks, mounts } = rankOrigins(origins.of(push.diffId), push.reference);
  const look = async (digest: Digest): Promise<Descriptor | undefined> => {
    const size = await push.target.findBlob(digest);
    if (size !== undefined) return found(context, push, { digest, size }, () => say('Layer already exists'));
    origins.forget(push.diffId, { digest, repository });
    return undefined;
  };
  for (const digest of looks.slice(0, 1)) {
    const there = await look(digest);
    if (there) return there;
  }
  for (const { digest, path } of mounts.slice(0, MAX_MOUNTS)) {
    if (!(await mount(push, digest, path))) continue;
    // The answer to a mount does not tell the size.
    const size = await push.target.findBlob(digest);
    if (size !== undefined) return found(context, push, { digest, size }, () => say(`Mounted from ${path}`));
  }
  for (const digest of looks.slice(1, MAX_LOOKS)) {
    const there = await look(digest);
    if (there) return there;
  }
  return undefined;
}

function found(
  { layers }: ImagesContext,
  { diffId, reference }: LayerPush,
  { digest, size }: PushedBlob,
  say: () => void,
): Descriptor {
  layers.origins.learn(diffId, digest, canonicalRepository(reference));
  say();
  return { mediaType: MEDIA_TYPES.dockerLayer, digest, size };
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
