import type { ImageId } from '../../spec/digest.ts';
import type { ImageDeleteItem } from '../../spec/docker/mod.ts';
import type { Platform } from '../../spec/platform.ts';
import {
  canonicalName,
  canonicalRepository,
  familiarName,
  parseReference,
  withDefaultTag,
} from '../../spec/reference.ts';
import type { StoredImage } from '../../store/mod.ts';
import { announce } from './announce.ts';
import { checkLastReference, conflictOf } from './conflicts.ts';
import type { ImagesContext } from './context.ts';
import { isIdPrefix, resolve } from './resolve.ts';

export interface RemoveOptions {
  /** Removes what several names, or stopped containers, refer to. */
  force: boolean;
  /** Keeps parents that nothing else needs. */
  noPrune: boolean;
  /** If the image is of none of these, it is as if it were not there. */
  platforms?: readonly Platform[];
}

/**
 * Untags, and removes the image once nothing names it; then its parents that nothing needs. Compat: moby
 * `daemon/images/image_delete.go`, with its distinction between hard conflicts and those that `force` overrides.
 */
export async function remove(
  context: ImagesContext,
  ref: string,
  options: RemoveOptions,
): Promise<ImageDeleteItem[]> {
  const image = resolveFor(context, ref, options.platforms);
  const items: ImageDeleteItem[] = [];
  if (isIdPrefix(image.id, ref)) {
    if (hasOneName(context.images.namesOf(image.id))) {
      const conflict = conflictOf(context, image.id, { names: false, stopped: !options.force });
      if (conflict) throw conflict.error;
      await untagAll(context, image, items);
    }
    await removeImage(context, image, items, { ...options, quiet: false });
    return items;
  }
  if (!options.force && hasOneName(context.images.namesOf(image.id))) {
    checkLastReference(context, image.id, ref);
  }
  await untagNamed(context, image, ref, items);
  if (context.images.namesOf(image.id).length > 0) return items;
  await removeImage(context, image, items, { ...options, quiet: true });
  return items;
}

/** Compat: this store has one platform of an image, so a wrong one is an image that is not there. */
function resolveFor(
  context: ImagesContext,
  ref: string,
  platforms: readonly Platform[] | undefined,
): StoredImage {
  if (!platforms || platforms.length === 0) return resolve(context, ref);
  let failure: unknown;
  for (const platform of platforms) {
    try {
      return resolve(context, ref, platform);
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/** Removes the record and the layers, unless something needs them: that is said, or with `quiet` passed over. */
async function removeImage(
  context: ImagesContext,
  image: StoredImage,
  items: ImageDeleteItem[],
  options: { force: boolean; noPrune: boolean; quiet: boolean },
): Promise<void> {
  const { images, events } = context;
  const conflict = conflictOf(context, image.id, { names: !options.force, stopped: !options.force });
  if (conflict) {
    // Compat: of one that is dangling now and that no container uses, the user wants to know why it stays.
    if (options.quiet && (conflict.isUsed || !isDangling(context, image.id))) return;
    throw conflict.error;
  }
  const parent = images.parentOf(image.id);
  await untagAll(context, image, items);
  // Race: of two that remove it at once, one has it.
  if (!images.get(image.id)) return;
  const removed = await images.remove(image.id);
  events.publish('image', 'delete', image.id, { name: image.id });
  items.push({ Deleted: image.id }, ...removed.map((chainId) => ({ Deleted: chainId })));
  const above = parent === undefined || options.noPrune ? undefined : images.get(parent);
  if (above) await removeImage(context, above, items, { force: false, noPrune: false, quiet: true });
}

/** Takes the name away, and with the last tag of a repository also its digests. */
async function untagNamed(
  context: ImagesContext,
  image: StoredImage,
  ref: string,
  items: ImageDeleteItem[],
): Promise<void> {
  const reference = withDefaultTag(parseReference(ref));
  const { domain, path, tag, digest } = reference;
  const name = canonicalName(digest ? { domain, path, digest } : { domain, path, ...(tag ? { tag } : {}) });
  await context.images.removeName(name);
  announce(context, image, 'untag', image.id);
  items.push({ Untagged: familiarName(reference) });
  const repository = canonicalRepository(reference);
  const rest = context.images
    .namesOf(image.id)
    .filter((other) => canonicalRepository(parseReference(other)) === repository);
  if (digest || !rest.every(isDigestName)) return;
  // Compat: these are not told of by events.
  for (const other of rest) {
    await context.images.removeName(other);
    items.push({ Untagged: familiarName(parseReference(other)) });
  }
}

async function untagAll(context: ImagesContext, image: StoredImage, items: ImageDeleteItem[]): Promise<void> {
  for (const name of context.images.namesOf(image.id)) {
    await context.images.removeName(name);
    announce(context, image, 'untag', image.id);
    items.push({ Untagged: familiarName(parseReference(name)) });
  }
}

/** True for at most one tag and digests of one repository, the tag's; false without any name. */
function hasOneName(names: readonly string[]): boolean {
  if (names.length <= 1) return names.length === 1;
  const tags = names.filter((name) => !isDigestName(name));
  const repositories = new Set(names.map((name) => canonicalRepository(parseReference(name))));
  return tags.length <= 1 && repositories.size === 1;
}

function isDigestName(name: string): boolean {
  return name.includes('@');
}

function isDangling({ images }: ImagesContext, id: ImageId): boolean {
  return images.namesOf(id).length === 0 && images.childrenOf(id).length === 0;
}
