import type { AttestationStatement } from '../../registry/mod.ts';
import type { Digest } from '../../spec/digest.ts';
import { hostPlatform } from '../../spec/platform.ts';
import { canonicalRepository, parseReference, type Reference } from '../../spec/reference.ts';
import type { ImagesContext } from './context.ts';
import type { AttestationsOptions } from './images.ts';
import { resolve } from './resolve.ts';

/**
 * See `Images.attestations`. Compat: a Docker that keeps indexes reads them from its store, one that does not answers
 * 501; we keep none either, but know by its digest what to ask the registry for.
 */
export async function attestations(
  context: ImagesContext,
  ref: string,
  options: AttestationsOptions,
): Promise<AttestationStatement[]> {
  const { id } = resolve(context, ref);
  const platform = options.platform ?? hostPlatform();
  let failure: unknown;
  for (const source of sourcesOf(context.images.namesOf(id), ref)) {
    try {
      const found = await context.registry.attestations(source, { ...options, platform });
      if (found.length > 0) return found;
    } catch (error) {
      // The same image may have come from several places, and some of them may have gone.
      if (options.signal.aborted) throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  return [];
}

/** Where the image was pulled from; of an image asked for by name, only the repository of that name. */
function sourcesOf(names: string[], ref: string): (Reference & { digest: Digest })[] {
  const sources = names
    .map(parseReference)
    .flatMap(({ domain, path, digest }) => (digest ? [{ domain, path, digest }] : []));
  const asked = repositoryOf(ref);
  const own = sources.filter((source) => canonicalRepository(source) === asked);
  return own.length > 0 ? own : sources;
}

/** Undefined for what can only be an id. */
function repositoryOf(ref: string): string | undefined {
  try {
    return canonicalRepository(parseReference(ref));
  } catch {
    return undefined;
  }
}
