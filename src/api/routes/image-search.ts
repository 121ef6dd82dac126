import { EngineError, messageOf } from '../../base/mod.ts';
import type { Images } from '../../engine/images/mod.ts';
import { authHeader } from '../bodies/auth.ts';
import { parseFilters } from '../http/filters.ts';
import { json } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Route } from '../http/route.ts';

/** `GET /images/search`. */
export function searchRoute(images: Pick<Images, 'search'>): Route {
  return {
    method: 'GET',
    path: '/images/search',
    handle: async (request) => {
      const auth = authHeader(request.headers['x-registry-auth']);
      const hits = await images.search(request.query.text('term'), {
        limit: limitOf(request),
        filters: parseFilters(request.query.text('filters')),
        signal: request.signal,
        ...(auth ? { auth } : {}),
      });
      return json(
        200,
        hits.map((hit) => ({
          star_count: hit.starCount,
          is_official: hit.isOfficial,
          name: hit.name,
          // Deprecated, and false at every version.
          is_automated: false,
          description: hit.description,
        })),
      );
    },
  };
}

function limitOf({ query }: ApiRequest): number {
  try {
    return query.int('limit') ?? 0;
  } catch (cause) {
    throw new EngineError('invalid', `invalid limit specified: ${messageOf(cause)}`, { cause });
  }
}
