import { ZERO_TIME } from '../../base/mod.ts';
import type { ChainId } from '../../spec/digest.ts';
import type { ImageInspect } from '../../spec/docker/mod.ts';
import { hostPlatform } from '../../spec/platform.ts';
import type { StoredImage } from '../../store/mod.ts';
import type { ImagesContext } from './context.ts';
import { namesOf } from './names.ts';

/** The whole of an image, newest shape with the fields that older versions saw. */
export function inspect(context: ImagesContext, image: StoredImage): ImageInspect {
  const { config } = image;
  const host = hostPlatform();
  const names = namesOf(context, image);
  const answer: ImageInspect = {
    Id: image.id,
    RepoTags: names.tags,
    RepoDigests: names.digests,
    Parent: context.images.parentOf(image.id) ?? '',
    Comment: config.comment ?? config.history?.at(-1)?.comment ?? '',
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    Config: { ...(config.config ?? {}) },
    Architecture: config.architecture ?? host.architecture,
    Os: config.os ?? host.os,
    Size: image.topLayer ? context.layers.chainSize(image.topLayer) : 0,
    GraphDriver: { Name: 'overlay2', Data: graphData(context, image.topLayer) },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: context.images.lastTagged(image.id) ?? ZERO_TIME },
  };
  const origins = originsOf(context, image);
  if (origins.length > 0) answer.Identity = { Pull: origins.map((Repository) => ({ Repository })) };
  if (config.created) answer.Created = config.created;
  if (config.variant) answer.Variant = config.variant;
  if (config['os.version']) answer.OsVersion = config['os.version'];
  return answer;
}

/** Directories of the top layer and those below it. Compat: overlay2's `GetMetadata`. */
function graphData(context: ImagesContext, top: ChainId | undefined): Record<string, string> | null {
  if (!top || !context.layers.get(top)) return null;
  return { ...context.layers.graphData(top) };
}

/** Repositories that an image was pulled from or pushed to: only these give it a digest, no tag does. */
function originsOf({ images }: ImagesContext, { id }: StoredImage): string[] {
  const digests = images.namesOf(id).filter((name) => name.includes('@'));
  return [...new Set(digests.map((name) => name.slice(0, name.indexOf('@'))))];
}
