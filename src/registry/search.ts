import { EngineError } from '../base/mod.ts';
import { flag, integer, list, object, shaped, shapedOr, text, withDefault } from '../spec/shape.ts';
import { basicAuth, credentialsOf } from './auth/credentials.ts';
import type { Endpoint } from './endpoints.ts';
import { AnswerError, transportFailure } from './errors.ts';
import { pages } from './paged.ts';
import type { RegistryOptions, SearchHit } from './registry.ts';
import type { RegistryRequest, Session } from './session.ts';

/** Where Docker Hub's index is searched. */
const HUB_INDEX = 'index.docker.io';
const MAX_ANSWER_BYTES = 8 << 20;

const found = object({
  results: withDefault(
    list(
      object({
        name: text,
        description: withDefault(text, ''),
        star_count: withDefault(integer(), 0),
        is_official: withDefault(flag, false),
      }),
    ),
    [],
  ),
});
const catalog = object({ repositories: withDefault(list(text), []) });

/** See `Registry.search`. */
export async function search(
  session: Session,
  domain: string,
  term: string,
  options: RegistryOptions & { limit: number },
): Promise<SearchHit[]> {
  const isHub = domain === 'docker.io';
  try {
    return await session.withRegistry(isHub ? HUB_INDEX : domain, async (endpoint) => {
      try {
        return await searchIndex(session, endpoint, term, options);
      } catch (error) {
        // A registry of today has no index, but most have a catalog.
        if (isHub || !(error instanceof AnswerError) || ![404, 405].includes(error.status)) throw error;
        return await searchCatalog(session, endpoint, domain, term, options);
      }
    });
  } catch (error) {
    if (error instanceof AnswerError) throw new EngineError('internal', error.message, { cause: error });
    throw transportFailure(error);
  }
}

/** Spec: the index API of Docker Hub, version 1. */
async function searchIndex(
  session: Session,
  endpoint: Endpoint,
  term: string,
  options: RegistryOptions & { limit: number },
): Promise<SearchHit[]> {
  const credentials = credentialsOf(options.auth);
  const query = new URLSearchParams({ q: term, n: String(options.limit) });
  const request: RegistryRequest = {
    method: 'GET',
    path: `/v1/search?${query}`,
    headers: { 'x-docker-token': 'true' },
    scopes: ['registry:catalog:search'],
    credentials,
    signal: options.signal,
  };
  // Compat: a name and a password are shown unasked, a token only to who asks for it.
  const byName = credentials && credentials.username !== '' && credentials.identityToken === '';
  const first = byName ? { ...request, authorization: basicAuth(credentials) } : request;
  const answer = await session.send(endpoint, first).catch((error: unknown) => {
    const wantsToken = error instanceof AnswerError && error.status === 401 && first !== request;
    if (!wantsToken || !/^\s*bearer\b/i.test(error.challenge ?? '')) throw error;
    return session.send(endpoint, request);
  });
  const bytes = await answer.body.bytes(MAX_ANSWER_BYTES);
  if (!bytes) throw new EngineError('corrupt', `search results are larger than ${MAX_ANSWER_BYTES} bytes`);
  const { results } = shaped(found, parse(bytes));
  return results.slice(0, options.limit).map(({ name, description, star_count, is_official }) => ({
    name,
    description,
    starCount: star_count,
    isOfficial: is_official,
  }));
}

/** Ours: repositories of the catalog that have the term in their names, as they are pulled. */
async function searchCatalog(
  session: Session,
  endpoint: Endpoint,
  domain: string,
  term: string,
  options: RegistryOptions & { limit: number },
): Promise<SearchHit[]> {
  const request: RegistryRequest = {
    method: 'GET',
    path: '/v2/_catalog?n=1000',
    scopes: ['registry:catalog:*'],
    credentials: credentialsOf(options.auth),
    signal: options.signal,
  };
  const wanted = term.toLowerCase();
  const hits: SearchHit[] = [];
  for await (const page of pages(session, endpoint, request)) {
    for (const repository of shapedOr(catalog, page, { repositories: [] }).repositories) {
      if (!repository.includes(wanted)) continue;
      hits.push({ name: `${domain}/${repository}`, description: '', starCount: 0, isOfficial: false });
      if (hits.length >= options.limit) return hits;
    }
  }
  return hits;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new EngineError('corrupt', 'search results are not JSON', { cause });
  }
}
