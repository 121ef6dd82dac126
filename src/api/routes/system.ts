import type { System } from '../../engine/system/mod.ts';
import { json } from '../http/reply.ts';
import type { AnyRoute } from '../http/route.ts';
import { infoFor } from '../versions/info.ts';
import { versionFor } from '../versions/version.ts';
import { pruneBuildCacheRoute } from './build-cache.ts';
import { diskUsageRoute } from './disk-usage.ts';

export function systemRoutes(system: System): AnyRoute[] {
  return [
    {
      method: 'GET',
      path: '/version',
      handle: async ({ headers }) => json(200, versionFor(headers['user-agent'], await system.version())),
    },
    {
      method: 'GET',
      path: '/info',
      handle: async (request) => json(200, infoFor(request.version, await system.info())),
    },
    diskUsageRoute(system),
    pruneBuildCacheRoute(system),
  ];
}
