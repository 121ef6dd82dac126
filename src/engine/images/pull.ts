import { Cleanup, EngineError, messageOf } from '../../base/mod.ts';
import type { ResolvedImage } from '../../registry/mod.ts';
import { chainIds } from '../../spec/chain-id.ts';
import type { ChainId, ImageId } from '../../spec/digest.ts';
import type { AuthConfig, ProgressMessage } from '../../spec/docker/mod.ts';
import { hostPlatform, type Platform } from '../../spec/platform.ts';
import {
  canonicalName,
  familiarName,
  parseReference,
  type Reference,
  withDefaultTag,
  withDigest,
} from '../../spec/reference.ts';
import { isWorthKeeping } from '../../store/mod.ts';
import { announcePull } from './announce.ts';
import type { ImagesContext } from './context.ts';
import { isDamaged } from './damage.ts';
import { pullLayers } from './pull-layers.ts';
import { platformMismatch } from './resolve.ts';
import { upToDate } from './up-to-date.ts';

export interface PullOptions {
  platform?: Platform;
  auth?: AuthConfig;
  signal: AbortSignal;
}

/**
 * Fetches an image: manifest and config, then all layers that are not there, at once; then the image record and its
 * names, after which the image exists. On failure or cancellation nothing of it is left.
 */
export async function pull(
  context: ImagesContext,
  text: string,
  options: PullOptions,
  progress: (message: ProgressMessage) => void,
): Promise<void> {
  const reference = withDefaultTag(parseReference(text));
  const { isNew, resolved } = await pullOne(context, reference, options, progress);
  progress(statusLine(isNew, familiarName(reference)));
  announcePull(context, reference);
  // Compat: an image that is no index is taken whatever its platform, with this warning.
  const warning = options.platform && resolved && platformMismatch(text, resolved.config, options.platform);
  if (warning) progress({ status: `WARNING: ${warning}` });
}

/** Pulls up to the line that names the digest. Of what is up to date nothing is resolved. */
export async function pullOne(
  context: ImagesContext,
  reference: Reference,
  options: PullOptions,
  progress: (message: ProgressMessage) => void,
): Promise<{ isNew: boolean; resolved?: ResolvedImage }> {
  const requestOptions = { signal: options.signal, ...(options.auth ? { auth: options.auth } : {}) };
  const platform = options.platform ? { platform: options.platform } : {};
  const digest = await upToDate(context, reference, { ...requestOptions, ...platform });
  if (digest) {
    progress({ status: `Pulling from ${reference.path}`, id: reference.digest ?? reference.tag ?? '' });
    progress({ status: `Digest: ${digest}` });
    return { isNew: false };
  }
  const resolved = await context.registry.resolve(reference, {
    ...requestOptions,
    platform: options.platform ?? hostPlatform(),
  });
  progress({ status: `Pulling from ${reference.path}`, id: reference.digest ?? reference.tag ?? '' });
  const isNew = await install(context, reference, resolved, requestOptions, progress);
  progress({ status: `Digest: ${resolved.target.digest}` });
  return { isNew, resolved };
}

/** The closing line. */
export function statusLine(isNew: boolean, name: string): ProgressMessage {
  return {
    status: isNew ? `Status: Downloaded newer image for ${name}` : `Status: Image is up to date for ${name}`,
  };
}

/** Gives false if the name pointed at this very image before. */
async function install(
  context: ImagesContext,
  reference: Reference,
  resolved: ResolvedImage,
  options: { signal: AbortSignal; auth?: AuthConfig },
  progress: (message: ProgressMessage) => void,
): Promise<boolean> {
  const { images, layers } = context;
  const diffIds = resolved.config.rootfs.diff_ids;
  if (diffIds.length !== resolved.manifest.layers.length) {
    throw new EngineError('corrupt', "layers from manifest don't match image configuration");
  }
  const byDigest = canonicalName(withDigest(reference, resolved.target.digest));
  // Compat: beside a digest the tag says nothing, and is not kept.
  const names = reference.digest ? [byDigest] : [canonicalName(reference), byDigest];
  const id = resolved.manifest.config.digest as ImageId;
  const known = images.get(id) !== undefined;
  const isNew = !known || images.lookup(names[0] ?? '') !== id;
  await using holds = new Cleanup((what, error) => {
    context.log.warn('cannot release a layer after a pull', { what, error: messageOf(error) });
  });
  // Of a pull that does not come to its end, the next one finds the layers that did.
  let isKept = false;
  const hold = (chainId: ChainId) => {
    layers.retain(chainId);
    holds.defer(chainId, () => (isKept ? layers.letGo(chainId) : layers.release(chainId)));
  };
  const chain = chainIds(diffIds);
  const top = chain.at(-1);
  // Compat: of an image that is whole already no layer is mentioned.
  const isWhole = known && top !== undefined && layers.get(top) && !(await isDamaged(layers, chain));
  if (isWhole) hold(top);
  else {
    try {
      await pullLayers(context, { reference, resolved, chain, hold, ...options }, progress);
    } catch (error) {
      isKept = options.signal.aborted || isWorthKeeping(error);
      throw error;
    }
  }
  await images.put(resolved.configBytes);
  for (const name of names) await images.setName(name, id);
  return isNew;
}
