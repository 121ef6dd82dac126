import { nowNano } from '../../base/mod.ts';
import type { ImageSummary } from '../../spec/docker/mod.ts';
import type { StoredImage } from '../../store/mod.ts';
import { booleanFilter, checkFilterKeys, type Filters, matchesLabels, valuesOf } from '../filters.ts';
import { parseMoment } from '../moment.ts';
import type { ImagesContext } from './context.ts';
import { createdAt } from './created.ts';
import type { ImageListOptions } from './images.ts';
import { type FamiliarNames, namesOf } from './names.ts';
import { checkPattern } from './reference-pattern.ts';
import { resolve } from './resolve.ts';
import { countLayerUses, sharedSize } from './shared-size.ts';

const KEYS = ['before', 'dangling', 'label', 'reference', 'since', 'until'];

/** Rows of `docker images`, newest first. Compat: moby `daemon/images/images.go`. Reads nothing from the disk. */
export function list(context: ImagesContext, options: ImageListOptions): ImageSummary[] {
  const { filters } = options;
  checkFilterKeys(filters, KEYS);
  const dangling = booleanFilter(filters, 'dangling');
  const isInTime = timeFilter(context, filters);
  const patterns = valuesOf(filters, 'reference');
  for (const pattern of patterns) checkPattern(pattern);
  const all = context.images.list();
  const containers = context.users.counts();
  const uses = options.sharedSize ? countLayerUses(all) : undefined;
  const rows: { row: ImageSummary; at: bigint }[] = [];
  for (const image of all) {
    if (!isInTime(image)) continue;
    if (!matchesLabels(filters, image.config.config?.Labels)) continue;
    const names = namesOf(context, image, patterns);
    if (!isShown(context, image, names, { all: options.all, dangling, byName: patterns.length > 0 }))
      continue;
    const at = createdAt(image) ?? 0n;
    const row = summary(context, image, names, at);
    row.Containers = containers.get(image.id) ?? 0;
    if (uses) row.SharedSize = sharedSize(context, image, uses);
    rows.push({ row, at });
  }
  return rows.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).map(({ row }) => row);
}

/** `before` and `until` mean the oldest of what they name, `since` the newest: all of them hold. */
function timeFilter(context: ImagesContext, filters: Filters): (image: StoredImage) => boolean {
  const ages = (key: string) => valuesOf(filters, key).map((ref) => createdAt(resolve(context, ref)) ?? 0n);
  const now = nowNano();
  const ends = [...ages('before'), ...valuesOf(filters, 'until').map((text) => parseMoment(text, now))];
  const starts = ages('since');
  return (image) => {
    if (ends.length === 0 && starts.length === 0) return true;
    const at = createdAt(image);
    if (at === undefined) return false;
    return ends.every((end) => at < end) && starts.every((start) => at > start);
  };
}

/**
 * Compat: what has no name (that matches) is not shown if it is only a step on the way to another image; `dangling`
 * counts tags when it is true, and all names when it is false.
 */
function isShown(
  context: ImagesContext,
  image: StoredImage,
  names: FamiliarNames,
  asked: { all: boolean; dangling: boolean | undefined; byName: boolean },
): boolean {
  const hasChildren = () => context.images.childrenOf(image.id).length > 0;
  if (asked.dangling === true && (names.tags.length > 0 || hasChildren())) return false;
  if (names.tags.length > 0 || names.digests.length > 0) return true;
  if (asked.byName || asked.dangling === false) return false;
  return asked.all || !hasChildren();
}

function summary(context: ImagesContext, image: StoredImage, names: FamiliarNames, at: bigint): ImageSummary {
  return {
    Id: image.id,
    ParentId: context.images.parentOf(image.id) ?? '',
    RepoTags: names.tags,
    RepoDigests: names.digests,
    Created: Number(at / 1_000_000_000n),
    Size: image.topLayer ? context.layers.chainSize(image.topLayer) : 0,
    SharedSize: -1,
    Labels: image.config.config?.Labels ?? null,
    Containers: 0,
  };
}
