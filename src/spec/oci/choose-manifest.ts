import { EngineError } from '../../base/mod.ts';
import { formatPlatform, hostPlatform, type Platform, platformDistance } from '../platform.ts';
import type { Descriptor, Index } from './image.ts';

/**
 * The entry of `index` that serves `platform` best; the host's platform by default. Entries without a platform serve
 * everybody, but come last; BuildKit's attestations (`unknown/unknown`) serve nobody. Throws `not-found` in Docker's
 * words.
 */
export function chooseManifest(index: Index, platform?: Platform): Descriptor {
  const wanted = platform ?? hostPlatform();
  let best: Descriptor | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const entry of index.manifests) {
    const distance = distanceOf(wanted, entry);
    if (distance === undefined || distance >= least) continue;
    best = entry;
    least = distance;
  }
  if (best) return best;
  throw new EngineError(
    'not-found',
    `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries`,
  );
}

function distanceOf(wanted: Platform, entry: Descriptor): number | undefined {
  if (isAttestation(entry)) return undefined;
  if (!entry.platform?.os && !entry.platform?.architecture) return Number.MAX_SAFE_INTEGER;
  return platformDistance(wanted, entry.platform);
}

/** True of what BuildKit puts beside the images of an index. Spec: BuildKit, "Image attestation storage". */
export function isAttestation({ annotations }: Pick<Descriptor, 'annotations'>): boolean {
  return annotations?.['vnd.docker.reference.type'] === 'attestation-manifest';
}
