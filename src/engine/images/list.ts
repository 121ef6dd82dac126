import { EngineError, nowNano, parseTime } from '../../base/mod.ts';
import type { ImageSummary } from '../../spec/docker/mod.ts';
import { familiarName, familiarRepository, parseReference } from '../../spec/reference.ts';
import type { StoredImage } from '../../store/mod.ts';
import { booleanFilter, checkFilterKeys, type Filters, matchesLabels, valuesOf } from '../filters.ts';
import { parseMoment } from '../moment.ts';
import type { ImagesContext } from './context.ts';
import { checkPattern, matchesPattern } from './reference-pattern.ts';
import { resolve } from './resolve.ts';

const KEYS = ['before', 'dangling', 'label', 'reference', 'since', 'until'];

/** Rows of `docker images`, newest first. Compat: moby `daemon/images/images.go`. */
export function list(
  context: ImagesContext,
  options: { filters: Filters; sharedSize: boolean },
): ImageSummary[] {
  const { filters } = options;
  checkFilterKeys(filters, KEYS);
  const dangling = booleanFilter(filters, 'dangling');
  const created = (key: string) => {
    const [ref] = valuesOf(filters, key);
    return ref === undefined ? undefined : createdNs(resolve(context, ref));
  };
  const before = created('before');
  const since = created('since');
  const [untilText, ...more] = valuesOf(filters, 'until');
  if (more.length > 0) throw new EngineError('invalid', 'more than one until filter specified');
  const until = untilText === undefined ? undefined : parseMoment(untilText, nowNano());
  const patterns = valuesOf(filters, 'reference');
  for (const pattern of patterns) checkPattern(pattern);
  const rows: ImageSummary[] = [];
  for (const image of context.images.list()) {
    const at = createdNs(image);
    if (before !== undefined && at >= before) continue;
    if (since !== undefined && at <= since) continue;
    if (until !== undefined && at > until) continue;
    if (!matchesLabels(filters, image.config.config?.Labels)) continue;
    const names = namesOf(context, image, patterns);
    const isDangling = context.images.namesOf(image.id).every((name) => name.includes('@'));
    if (patterns.length > 0 && names.tags.length === 0 && names.digests.length === 0) continue;
    if (dangling !== undefined && dangling !== isDangling) continue;
    rows.push(summary(context, image, names, at));
  }
  return rows.sort((a, b) => b.Created - a.Created);
}

/** Names of an image as people write them; with `patterns`, only those that match one. */
export function namesOf(
  context: ImagesContext,
  image: StoredImage,
  patterns: string[] = [],
): { tags: string[]; digests: string[] } {
  const references = context.images
    .namesOf(image.id)
    .map(parseReference)
    .filter((reference) => {
      const forms = [familiarName(reference), familiarRepository(reference)];
      return (
        patterns.length === 0 ||
        patterns.some((pattern) => forms.some((form) => matchesPattern(pattern, form)))
      );
    });
  return {
    tags: references
      .filter(({ digest }) => !digest)
      .map(familiarName)
      .sort(),
    digests: references
      .filter(({ digest }) => digest)
      .map(familiarName)
      .sort(),
  };
}

function summary(
  context: ImagesContext,
  image: StoredImage,
  names: { tags: string[]; digests: string[] },
  createdAt: bigint,
): ImageSummary {
  return {
    Id: image.id,
    ParentId: image.config.parent ?? '',
    RepoTags: names.tags,
    RepoDigests: names.digests,
    Created: Number(createdAt / 1_000_000_000n),
    Size: image.topLayer ? context.layers.chainSize(image.topLayer) : 0,
    SharedSize: -1,
    Labels: image.config.config?.Labels ?? null,
    Containers: context.users.usersOf(image.id).length,
  };
}

function createdNs(image: StoredImage): bigint {
  return (image.config.created && parseTime(image.config.created)) || 0n;
}
