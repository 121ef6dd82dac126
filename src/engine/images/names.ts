import { familiarName, familiarRepository, parseReference } from '../../spec/reference.ts';
import type { ImagesContext } from './context.ts';
import { matchesPattern } from './reference-pattern.ts';

/** Names as people write them, each kind in order. */
export interface FamiliarNames {
  tags: string[];
  digests: string[];
}

/** One canonical name, parsed. */
interface Parsed {
  familiar: string;
  repository: string;
  isDigest: boolean;
}

/** More names than this are not remembered: a thousand images have about two thousand. */
const MAX_PARSED = 20_000;

/** Canonical names that were parsed before: a list of a thousand images parses nothing twice. */
const parsed = new Map<string, Parsed>();

/** Names of an image as people write them; with `patterns`, only those that match one. */
export function namesOf(
  context: Pick<ImagesContext, 'images'>,
  image: { id: Parameters<ImagesContext['images']['namesOf']>[0] },
  patterns: readonly string[] = [],
): FamiliarNames {
  const names: FamiliarNames = { tags: [], digests: [] };
  for (const canonical of context.images.namesOf(image.id)) {
    const { familiar, repository, isDigest } = parse(canonical);
    const matches = (pattern: string) =>
      matchesPattern(pattern, familiar) || matchesPattern(pattern, repository);
    if (patterns.length > 0 && !patterns.some(matches)) continue;
    (isDigest ? names.digests : names.tags).push(familiar);
  }
  return names;
}

function parse(canonical: string): Parsed {
  const known = parsed.get(canonical);
  if (known) return known;
  const reference = parseReference(canonical);
  const fresh: Parsed = {
    familiar: familiarName(reference),
    repository: familiarRepository(reference),
    isDigest: reference.digest !== undefined,
  };
  if (parsed.size >= MAX_PARSED) parsed.clear();
  parsed.set(canonical, fresh);
  return fresh;
}
