import { EngineError } from '../../../base/mod.ts';
import type { DiffId } from '../../../spec/digest.ts';
import type { AuthConfig, ProgressMessage } from '../../../spec/docker/mod.ts';
import type { Descriptor } from '../../../spec/oci/image.ts';
import type { Platform } from '../../../spec/platform.ts';
import {
  canonicalName,
  canonicalRepository,
  familiarName,
  familiarRepository,
  parseReference,
  type Reference,
  withDigest,
} from '../../../spec/reference.ts';
import type { StoredImage } from '../../../store/mod.ts';
import type { ImagesContext } from '../context.ts';
import { platformMismatch } from '../resolve.ts';
import { pushLayers } from './push-layers.ts';
import { pushManifest } from './push-manifest.ts';

export interface PushOptions {
  /** The image must be of this platform. */
  platform?: Platform;
  auth?: AuthConfig;
  signal: AbortSignal;
}

/**
 * Pushes the image that a name with a tag means, or all tags of a bare name: layers that the registry has not, the
 * config, then the manifest under the tag. Compat: moby `distribution/push.go` and `push_v2.go`, sentences included;
 * what goes wrong is told within the stream, after its first line.
 */
export async function push(
  context: ImagesContext,
  text: string,
  options: PushOptions,
  progress: (message: ProgressMessage) => void,
): Promise<void> {
  const reference = parseReference(text);
  progress({ status: `The push refers to repository [${canonicalRepository(reference)}]` });
  const tags = tagsOf(context, reference);
  const { signal, auth } = options;
  await using target = context.registry.push(reference, { signal, ...(auth ? { auth } : {}) });
  /** What is known to be there, over all tags. */
  const there = new Map<DiffId, Descriptor>();
  let pushed: StoredImage | undefined;
  for (const tag of tags) {
    const id = context.images.lookup(canonicalName(tag));
    const image = id && context.images.get(id);
    if (!id || !image) throw new EngineError('not-found', `tag does not exist: ${familiarName(tag)}`);
    const mismatch = options.platform && platformMismatch(familiarName(tag), image.config, options.platform);
    if (mismatch) throw new EngineError('not-found', mismatch);
    const hasConfig = await target.contact(id);
    const layers = await pushLayers(context, { reference: tag, image, target, there, signal }, progress);
    const { digest, size } = await pushManifest(target, { tag: tag.tag ?? '', image, layers, hasConfig });
    progress({ status: `${tag.tag}: digest: ${digest} size: ${size}` });
    await context.images.setName(canonicalName(withDigest(tag, digest)), image.id);
    progress({ progressDetail: {}, aux: { Tag: tag.tag, Digest: digest, Size: size } });
    pushed = image;
  }
  const labels = reference.tag === undefined ? {} : (pushed?.config.config?.Labels ?? {});
  const name = familiarRepository(reference);
  context.events.publish('image', 'push', familiarName(reference), { ...labels, name });
}

/** What is to be pushed, in order. */
function tagsOf(context: ImagesContext, reference: Reference): Reference[] {
  const repository = canonicalRepository(reference);
  const names = context.images
    .names()
    .map(({ name }) => name)
    .filter((name) => name.startsWith(`${repository}:`) || name.startsWith(`${repository}@`));
  if (names.length === 0) {
    const familiar = familiarRepository(reference);
    throw new EngineError('not-found', `An image does not exist locally with the tag: ${familiar}`);
  }
  if (reference.digest !== undefined) throw new EngineError('invalid', 'cannot push a digest reference');
  if (reference.tag !== undefined) return [reference];
  const tags = names.sort().map(parseReference);
  const tagged = tags.filter(({ digest }) => digest === undefined);
  if (tagged.length > 0) return tagged;
  throw new EngineError('not-found', `no tags to push for ${familiarRepository(reference)}`);
}
