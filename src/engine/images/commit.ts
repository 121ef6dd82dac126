import { EngineError, formatTime, nowNano } from '../../base/mod.ts';
import type { ChainId, DiffId, ImageId } from '../../spec/digest.ts';
import type { ContainerConfig } from '../../spec/docker/mod.ts';
import { type HistoryEntry, type ImageConfig, MEDIA_TYPES } from '../../spec/oci/image.ts';
import { hostPlatform } from '../../spec/platform.ts';
import {
  canonicalName,
  familiarName,
  parseReference,
  withDefaultTag,
  withTag,
} from '../../spec/reference.ts';
import type { StoredImage } from '../../store/mod.ts';
import { announce } from './announce.ts';
import type { ImagesContext } from './context.ts';

/** An image to make of a container. */
export interface CommitImage {
  parent: ImageId;
  container: { id: string; config: ContainerConfig };
  /** The tar of what the container changed; read once, to its end. */
  layer: AsyncIterable<Uint8Array>;
  /** What containers of the image will start with. */
  config: ContainerConfig;
  author: string;
  comment: string;
  repository?: string;
  tag?: string;
}

export interface CommittedImage {
  image: ImageId;
  /** The name that it got, as `docker images` shows it; '' if it got none. */
  reference: string;
}

/** Spec: sha256 of an archive without members: such a layer is none. */
const EMPTY_TAR = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

/**
 * Makes an image of a container's layer above the image that it was made from, durably. Nothing is left on failure.
 * Compat: moby `daemon/images/image_commit.go`, `image.NewChildImage`.
 */
export async function commitImage(context: ImagesContext, request: CommitImage): Promise<CommittedImage> {
  const { layers, images } = context;
  const reference = nameOf(request);
  const parent = images.get(request.parent);
  if (!parent) throw new EngineError('not-found', `No such image: ${request.parent}`);
  const staged = await layers.stage({ mediaType: MEDIA_TYPES.ociLayer, source: request.layer });
  let chainId: ChainId | undefined;
  try {
    if (staged.diffId === EMPTY_TAR) await layers.discard(staged);
    else {
      chainId = (await layers.commit(staged, parent.topLayer)).chainId;
      layers.retain(chainId);
      // Nobody can make it again, so it is on disk before the answer.
      await layers.sync();
    }
    const config = childConfig(parent, request, chainId === undefined ? undefined : staged.diffId);
    const image = await images.put(Buffer.from(JSON.stringify(config)));
    await images.setParent(image.id, parent.id);
    if (!reference) return { image: image.id, reference: '' };
    await images.setName(canonicalName(reference), image.id);
    announce(context, image, 'tag', familiarName(reference));
    return { image: image.id, reference: familiarName(reference) };
  } finally {
    if (chainId !== undefined) await layers.release(chainId);
  }
}

function nameOf({ repository, tag }: CommitImage): ReturnType<typeof parseReference> | undefined {
  if (!repository) return undefined;
  const named = parseReference(repository);
  if (named.digest !== undefined) throw new EngineError('invalid', 'cannot import digest reference');
  return tag ? withTag(named, tag) : withDefaultTag(named);
}

function childConfig(parent: StoredImage, request: CommitImage, diffId: DiffId | undefined): ImageConfig {
  const { container, config, author, comment } = request;
  const created = formatTime(nowNano());
  const host = hostPlatform();
  const { os, architecture, variant } = { ...host, ...platformOf(parent.config) };
  const history: HistoryEntry = {
    created,
    created_by: (container.config.Cmd ?? []).join(' '),
    ...(author === '' ? {} : { author }),
    ...(comment === '' ? {} : { comment }),
    ...(diffId === undefined ? { empty_layer: true } : {}),
  };
  const child = {
    ...kept(parent.config),
    architecture,
    ...(author === '' ? {} : { author }),
    config,
    container: container.id,
    container_config: container.config,
    created,
    history: [...(parent.config.history ?? []), history],
    os,
    rootfs: {
      ...parent.config.rootfs,
      diff_ids: [...parent.config.rootfs.diff_ids, ...(diffId ? [diffId] : [])],
    },
    ...(variant ? { variant } : {}),
  };
  return child as ImageConfig;
}

function platformOf({ os, architecture, variant }: ImageConfig) {
  return { ...(os ? { os } : {}), ...(architecture ? { architecture, variant } : {}) };
}

/** What of the parent an image inherits beside its layers. */
function kept(parent: ImageConfig): Partial<ImageConfig> {
  const version = parent['os.version'];
  const features = parent['os.features'];
  return { ...(version ? { 'os.version': version } : {}), ...(features ? { 'os.features': features } : {}) };
}
