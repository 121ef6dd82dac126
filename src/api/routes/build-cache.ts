import { EngineError } from '../../base/mod.ts';
import type { System } from '../../engine/system/mod.ts';
import { parseFilters } from '../http/filters.ts';
import { json } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Route } from '../http/route.ts';

/** Bounds that are numbers of bytes, and the version that reads them. */
const BOUNDS = {
  'keep-storage': '1.31',
  'reserved-space': '1.48',
  'max-used-space': '1.48',
  'min-free-space': '1.48',
};

/** `POST /build/prune`. */
export function pruneBuildCacheRoute(system: Pick<System, 'pruneBuildCache'>): Route {
  return {
    method: 'POST',
    path: '/build/prune',
    since: { version: '1.31', pattern: '/build/prune' },
    handle: async (request) => {
      checkBounds(request);
      const { deleted, spaceReclaimed } = await system.pruneBuildCache(
        parseFilters(request.query.text('filters')),
      );
      return json(200, {
        CachesDeleted: deleted.length > 0 ? deleted : null,
        SpaceReclaimed: spaceReclaimed,
      });
    },
  };
}

function checkBounds({ query, version }: ApiRequest): void {
  for (const [key, since] of Object.entries(BOUNDS)) {
    const text = query.text(key);
    if (text === '' || version.below(since) || /^[+-]?\d+$/.test(text)) continue;
    throw new EngineError(
      'invalid',
      `${key} is in bytes and expects an integer, got ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
}
