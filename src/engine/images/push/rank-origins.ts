import type { Digest } from '../../../spec/digest.ts';
import { parseReference, type Reference } from '../../../spec/reference.ts';
import type { BlobOrigin } from '../../../store/mod.ts';

export interface RankedOrigins {
  /** Digests that the repository itself may have under, the likeliest first. */
  looks: Digest[];
  /** Other repositories of the same registry that may lend a blob, the likeliest first. */
  mounts: { digest: Digest; path: string }[];
}

/**
 * Orders what is known of a layer's blobs for a push to `target`: what was seen in that very repository first, then by
 * how much of the path is the same, then the latest. Compat: moby `push_v2.go` `sortV2MetadataByLikenessAndAge`.
 */
export function rankOrigins(origins: readonly BlobOrigin[], target: Reference): RankedOrigins {
  const parsed = origins.flatMap((origin) => {
    const { domain, path } = tryParse(origin.repository) ?? { domain: '', path: '' };
    return [{ digest: origin.digest, domain, path, likeness: likeness(target, { domain, path }) }];
  });
  // The sort is stable: among equals the order is theirs, the latest first.
  const ranked = parsed.sort((a, b) => b.likeness - a.likeness);
  return {
    looks: [...new Set(ranked.map(({ digest }) => digest))],
    mounts: ranked
      .filter(({ domain, path }) => domain === target.domain && path !== target.path)
      .map(({ digest, path }) => ({ digest, path })),
  };
}

/** How many leading parts of the names are the same. */
function likeness(a: Reference, b: Reference): number {
  const left = [a.domain, ...a.path.split('/')];
  const right = [b.domain, ...b.path.split('/')];
  const differs = left.findIndex((part, index) => part !== right[index]);
  if (differs >= 0) return differs;
  return left.length === right.length ? Number.POSITIVE_INFINITY : left.length;
}

function tryParse(repository: string): Reference | undefined {
  try {
    return parseReference(repository);
  } catch {
    return undefined;
  }
}
