import { EngineError } from '../../../base/mod.ts';
import type { ImageId } from '../../../spec/digest.ts';
import { canonicalName, familiarName, parseReference, type Reference } from '../../../spec/reference.ts';
import type { StoredImage } from '../../../store/mod.ts';
import type { ImagesContext } from '../context.ts';
import { linkParents } from './link-parents.ts';
import type { ArchivedImage } from './load.ts';

/**
 * Puts images whose layers are in place on record, with their names, and says so in Docker's lines. Compat: moby
 * `image/tarexport/load.go`; ids are told only if the last image has no name.
 */
export async function recordImages(
  context: ImagesContext,
  images: readonly ArchivedImage[],
  say: (line: string) => void,
): Promise<void> {
  const loaded: { stored: StoredImage; archived: ArchivedImage }[] = [];
  let ids = '';
  for (const image of images) {
    const stored = await context.images.put(image.configBytes);
    loaded.push({ stored, archived: image });
    ids += `Loaded image ID: ${stored.id}\n`;
    for (const name of image.names) await setName(context, referenceOf(name), stored.id, say);
    const labels = stored.config.config?.Labels ?? {};
    context.events.publish('image', 'load', stored.id, { ...labels, name: stored.id });
  }
  await linkParents(context, loaded);
  if (images.at(-1)?.names.length === 0) say(ids);
}

async function setName(
  context: ImagesContext,
  reference: Reference,
  id: ImageId,
  say: (line: string) => void,
): Promise<void> {
  const name = canonicalName(reference);
  const before = context.images.lookup(name);
  if (before !== undefined && before !== id) {
    say(
      `The image ${familiarName(reference)} already exists, renaming the old one with ID ${before} to empty string\n`,
    );
  }
  await context.images.setName(name, id);
  say(`Loaded image: ${familiarName(reference)}\n`);
}

function referenceOf(name: string): Reference {
  const reference = parseReference(name);
  if (reference.tag !== undefined && reference.digest === undefined) return reference;
  throw new EngineError('invalid', `invalid tag ${JSON.stringify(name)}`);
}
