import { isEngineError } from '../../base/mod.ts';
import type { RegistryOptions } from '../../registry/mod.ts';
import { chainIds } from '../../spec/chain-id.ts';
import type { Digest } from '../../spec/digest.ts';
import { hostPlatform, type Platform, platformDistance } from '../../spec/platform.ts';
import { canonicalName, type Reference, withDigest } from '../../spec/reference.ts';
import type { ImagesContext } from './context.ts';
import { isDamaged } from './damage.ts';

/**
 * The digest that `reference` has at its registry, if the image here is just that one, whole and for this platform;
 * undefined if a pull has something to do. Costs a HEAD, which registries that count pulls do not count; nothing where
 * no image of that name is here. Compat: Docker asks by HEAD too.
 */
export async function upToDate(
  context: ImagesContext,
  reference: Reference,
  options: RegistryOptions & { platform?: Platform },
): Promise<Digest | undefined> {
  const { images, layers, registry } = context;
  const id = images.lookup(
    canonicalName(reference.digest ? withDigest(reference, reference.digest) : reference),
  );
  const image = id && images.get(id);
  if (!image || (image.topLayer !== undefined && !layers.get(image.topLayer))) return undefined;
  if (await isDamaged(layers, chainIds(image.config.rootfs.diff_ids ?? []))) return undefined;
  const { os = 'linux', architecture = '', variant } = image.config;
  const has = { os, architecture, ...(variant !== undefined && { variant }) };
  // Another variant also runs here, but the index may have a better one by now.
  if (platformDistance(options.platform ?? hostPlatform(), has) !== 0) return undefined;
  try {
    const { digest } = await registry.describe(reference, options);
    return images.lookup(canonicalName(withDigest(reference, digest))) === id ? digest : undefined;
  } catch (error) {
    // A registry that answers GET only: the pull itself will tell what else is wrong.
    if (isEngineError(error, 'cancelled') || isEngineError(error, 'timeout')) throw error;
    return undefined;
  }
}
