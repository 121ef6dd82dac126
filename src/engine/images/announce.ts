import type { StoredImage } from '../../store/mod.ts';
import type { ImagesContext } from './context.ts';

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
