import { EngineError, shortId } from '../../base/mod.ts';
import type { ImageId } from '../../spec/digest.ts';
import type { ImageDeleteItem } from '../../spec/docker/mod.ts';
import {
  canonicalName,
  canonicalRepository,
  familiarName,
  parseReference,
  withDefaultTag,
} from '../../spec/reference.ts';
import type { StoredImage } from '../../store/mod.ts';
import { announce } from './announce.ts';
import type { ImagesContext } from './context.ts';
import { isIdPrefix, resolve } from './resolve.ts';

/**
 * Untags, and removes the image once nothing names it. Compat: moby `daemon/images/image_delete.go`, with its
 * distinction between hard conflicts (a running container) and soft ones (`force` overrides them).
 */
export async function remove(
  context: ImagesContext,
  ref: string,
  options: { force: boolean; noPrune: boolean },
): Promise<ImageDeleteItem[]> {
  const image = resolve(context, ref);
  const items: ImageDeleteItem[] = [];
  const byName = !isIdPrefix(image.id, ref);
  const names = context.images.namesOf(image.id);
  if (byName) {
    if (!options.force && hasOneName(names)) checkReferenceConflict(context, image, ref);
    await untagByName(context, image, ref, items);
    if (context.images.namesOf(image.id).length > 0) return items;
  } else {
    if (!hasOneName(names) && !options.force) {
      throw conflict(image.id, 'must be forced', 'image is referenced in multiple repositories');
    }
    checkContainerConflict(context, image, options.force);
    for (const name of names) await untag(context, image, name, items);
  }
  if (byName && hasContainers(context, image, options.force)) return items;
  checkContainerConflict(context, image, options.force);
  const removed = await context.images.remove(image.id);
  items.push({ Deleted: image.id }, ...removed.map((chainId) => ({ Deleted: chainId })));
  context.events.publish('image', 'delete', image.id, { name: image.id });
  return items;
}

async function untagByName(
  context: ImagesContext,
  image: StoredImage,
  ref: string,
  items: ImageDeleteItem[],
): Promise<void> {
  const reference = withDefaultTag(parseReference(ref));
  const { domain, path, tag, digest } = reference;
  const name = canonicalName(digest ? { domain, path, digest } : { domain, path, ...(tag ? { tag } : {}) });
  await untag(context, image, name, items);
  const rest = context.images
    .namesOf(image.id)
    .filter((other) => repositoryOf(other) === canonicalRepository(reference));
  if (!digest && rest.every((other) => other.includes('@'))) {
    for (const other of rest) await untag(context, image, other, items);
  }
}

async function untag(
  context: ImagesContext,
  image: StoredImage,
  name: string,
  items: ImageDeleteItem[],
): Promise<void> {
  if (!(await context.images.removeName(name))) return;
  items.push({ Untagged: familiarName(parseReference(name)) });
  announce(context, image, 'untag', image.id);
}

/** True unless more than one tag points at the image. */
function hasOneName(names: string[]): boolean {
  return names.filter((name) => !name.includes('@')).length <= 1;
}

function repositoryOf(name: string): string {
  return canonicalRepository(parseReference(name));
}

function checkReferenceConflict(context: ImagesContext, image: StoredImage, ref: string): void {
  const [user] = context.users.usersOf(image.id);
  if (!user) return;
  throw new EngineError(
    'conflict',
    `conflict: unable to remove repository reference "${ref}" (must force) - container ${shortId(user.containerId)} is using its referenced image ${shortId(image.id)}`,
  );
}

function hasContainers(context: ImagesContext, image: StoredImage, force: boolean): boolean {
  return context.users.usersOf(image.id).some(({ running }) => running || !force);
}

function checkContainerConflict(context: ImagesContext, image: StoredImage, force: boolean): void {
  const users = context.users.usersOf(image.id);
  const running = users.find((user) => user.running);
  if (running) {
    const id = shortId(running.containerId);
    throw conflict(image.id, 'cannot be forced', `image is being used by running container ${id}`);
  }
  const [stopped] = users;
  if (stopped && !force) {
    const id = shortId(stopped.containerId);
    throw conflict(image.id, 'must be forced', `image is being used by stopped container ${id}`);
  }
}

function conflict(id: ImageId, how: string, why: string): EngineError {
  return new EngineError('conflict', `conflict: unable to delete ${shortId(id)} (${how}) - ${why}`);
}
