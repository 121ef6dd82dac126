import { EngineError } from '../../base/mod.ts';
import type { SearchHit } from '../../registry/mod.ts';
import { booleanFilter, checkFilterKeys, type Filters, valuesOf } from '../filters.ts';
import type { ImagesContext } from './context.ts';
import type { ImageSearchOptions } from './images.ts';

const KEYS = ['is-automated', 'is-official', 'stars'];
const DEFAULT_LIMIT = 25;

/** What a registry's index finds. Compat: moby `registry/search.go`, sentences included. */
export async function search(
  context: Pick<ImagesContext, 'registry'>,
  term: string,
  options: ImageSearchOptions,
): Promise<SearchHit[]> {
  const { filters } = options;
  checkFilterKeys(filters, KEYS);
  // Compat: nothing is automated any more, so these are none.
  if (booleanFilter(filters, 'is-automated')) return [];
  const isOfficial = booleanFilter(filters, 'is-official');
  const stars = leastStars(filters);
  const limit = options.limit || DEFAULT_LIMIT;
  if (limit < 1 || limit > 100) {
    throw new EngineError('invalid', `limit ${limit} is outside the range of [1, 100]`);
  }
  const { domain, name } = splitTerm(term);
  const hits = await context.registry.search(domain, name, {
    limit,
    signal: options.signal,
    ...(options.auth ? { auth: options.auth } : {}),
  });
  return hits.filter(
    (hit) => (isOfficial === undefined || hit.isOfficial === isOfficial) && hit.starCount >= stars,
  );
}

function leastStars(filters: Filters): number {
  return valuesOf(filters, 'stars').reduce((least, text) => {
    if (!/^[+-]?\d+$/.test(text)) {
      throw new EngineError(
        'invalid',
        `invalid filter 'stars=${text}': strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
      );
    }
    return Math.max(least, Number(text));
  }, 0);
}

/** The index that a term names (`host:port/foo`), else Docker Hub's. */
function splitTerm(term: string): { domain: string; name: string } {
  if (term.includes('://')) {
    throw new EngineError(
      'invalid',
      `invalid repository name: repository name (${term}) should not have a scheme`,
    );
  }
  const slash = term.indexOf('/');
  const first = slash < 0 ? '' : term.slice(0, slash);
  const hasHost = /[.:]/.test(first) || first === 'localhost';
  const domain = hasHost && first !== 'index.docker.io' ? first : 'docker.io';
  if (/^-|-$/.test(domain)) {
    throw new EngineError('invalid', `invalid index name (${domain}). Cannot begin or end with a hyphen`);
  }
  const name = hasHost ? term.slice(slash + 1) : term;
  return { domain, name: domain === 'docker.io' ? name.replace(/^library\//, '') : name };
}
