import { parseTime } from '../../base/mod.ts';
import type { StoredImage } from '../../store/mod.ts';

const times = new WeakMap<StoredImage, bigint | null>();

/** When an image was made, by its config, nanoseconds since 1970; undefined if that does not say. Read once. */
export function createdAt(image: StoredImage): bigint | undefined {
  let at = times.get(image);
  if (at === undefined) {
    at = (image.config.created && parseTime(image.config.created)) || null;
    times.set(image, at);
  }
  return at ?? undefined;
}
