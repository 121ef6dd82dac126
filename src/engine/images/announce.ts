import { familiarName, familiarRepository, type Reference } from '../../spec/reference.ts';
import type { StoredImage } from '../../store/mod.ts';
import type { ImagesContext } from './context.ts';
import { find } from './resolve.ts';

/** Publishes an image's event. Compat: the attributes are its labels and `name`. */
export function announce(
  context: ImagesContext,
  image: StoredImage,
  action: 'tag' | 'untag' | 'save',
  name: string,
): void {
  const labels = image.config.config?.Labels ?? {};
  context.events.publish('image', action, image.id, { ...labels, name });
}

/**
 * Publishes that `reference` was pulled, whether or not there was anything new; without a tag: all of it. Compat: the
 * actor is the name that was asked for, `name` its repository.
 */
export function announcePull(context: ImagesContext, reference: Reference): void {
  const labels = find(context, familiarName(reference))?.config.config?.Labels ?? {};
  const name = familiarRepository(reference);
  context.events.publish('image', 'pull', familiarName(reference), { ...labels, name });
}
