import { isEngineError, messageOf } from '../../base/mod.ts';
import type { ChainId } from '../../spec/digest.ts';
import type { ImageDeleteItem } from '../../spec/docker/mod.ts';
import type { StoredImage } from '../../store/mod.ts';
import { booleanFilter, checkFilterKeys, type Filters } from '../filters.ts';
import { matchesPruneLabels, untilOf } from '../prune-filters.ts';
import type { ImagesContext } from './context.ts';
import { createdAt } from './created.ts';
import type { ImagesPruned } from './images.ts';
import { remove } from './remove.ts';

const KEYS = ['dangling', 'label', 'label!', 'until'];

/**
 * Removes images that no container uses: those without a tag, or with the filter `dangling=false` all. Ends early, with
 * what it did, when `signal` aborts. Compat: moby `daemon/images/image_prune.go`.
 */
export async function prune(
  context: ImagesContext,
  filters: Filters,
  { signal }: { signal: AbortSignal },
): Promise<ImagesPruned> {
  checkFilterKeys(filters, KEYS);
  const danglingOnly = booleanFilter(filters, 'dangling') ?? true;
  const until = untilOf(filters);
  const sizes = new Map(context.layers.list().map(({ chainId, size }) => [chainId, size]));
  const chosen = context.images.list().filter((image) => {
    // Compat: Docker takes the second name of an image in use; "without a container" is meant here as it is said.
    if (context.users.usersOf(image.id).length > 0) return false;
    if (context.images.childrenOf(image.id).length > 0) {
      if (danglingOnly || context.images.namesOf(image.id).length === 0) return false;
    }
    const at = createdAt(image);
    if (until !== undefined && (at === undefined || at > until)) return false;
    return matchesLabelFilters(filters, image);
  });
  const deleted: ImageDeleteItem[] = [];
  for (const image of chosen) {
    if (signal.aborted) break;
    deleted.push(...(await pruneImage(context, image, danglingOnly)));
  }
  const spaceReclaimed = deleted.reduce(
    (sum, item) => sum + ('Deleted' in item ? (sizes.get(item.Deleted as ChainId) ?? 0) : 0),
    0,
  );
  context.events.publish('image', 'prune', '', { reclaimed: String(spaceReclaimed) });
  return { deleted, spaceReclaimed };
}

async function pruneImage(
  context: ImagesContext,
  image: StoredImage,
  danglingOnly: boolean,
): Promise<ImageDeleteItem[]> {
  const names = context.images.namesOf(image.id);
  if (danglingOnly && names.some((name) => !name.includes('@'))) return [];
  const deleted: ImageDeleteItem[] = [];
  for (const ref of names.length > 0 ? names : [image.id]) {
    try {
      deleted.push(...(await remove(context, ref, { force: false, noPrune: false })));
    } catch (error) {
      // One that came into use, or went with another of its names, does not keep the others.
      if (isEngineError(error, 'conflict') || isEngineError(error, 'not-found')) continue;
      context.log.warn('prune leaves an image', { ref, error: messageOf(error) });
    }
  }
  return deleted;
}

function matchesLabelFilters(filters: Filters, image: StoredImage): boolean {
  const run = image.config.config;
  // Compat: an image without any configuration passes.
  return !run || matchesPruneLabels(filters, run.Labels);
}
