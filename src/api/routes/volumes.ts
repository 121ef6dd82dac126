import { EngineError } from '../../base/mod.ts';
import type { VolumesBackend } from '../../engine/volumes/mod.ts';
import { volumeCreate } from '../bodies/volume-create.ts';
import { parseFilters, withFilter } from '../http/filters.ts';
import { empty, json } from '../http/reply.ts';
import type { AnyRoute } from '../http/route.ts';

/** The tag Volume. */
export function volumeRoutes(volumes: VolumesBackend): AnyRoute[] {
  return [
    {
      method: 'GET',
      path: '/volumes',
      handle: async ({ query }) => {
        const found = await volumes.list(parseFilters(query.text('filters')));
        return json(200, {
          Volumes: found.volumes,
          Warnings: found.warnings.length > 0 ? found.warnings : null,
        });
      },
    },
    {
      method: 'POST',
      path: '/volumes/create',
      handle: async (request) => json(201, await volumes.create(await request.json(volumeCreate))),
    },
    {
      method: 'POST',
      path: '/volumes/prune',
      since: { version: '1.25', pattern: '/volumes/prune' },
      handle: async ({ query, version }) => {
        const given = parseFilters(query.text('filters'));
        // Before 1.42 all unused volumes went, not only anonymous ones.
        const filters = version.below('1.42') ? withFilter(given, 'all', 'true') : given;
        const { deleted, spaceReclaimed } = await volumes.prune(filters);
        return json(200, { VolumesDeleted: deleted, SpaceReclaimed: spaceReclaimed });
      },
    },
    {
      method: 'GET',
      path: '/volumes/*name',
      handle: async (request) => json(200, await volumes.inspect(request.param('name'))),
    },
    {
      method: 'PUT',
      path: '/volumes/*name',
      since: { version: '1.42', pattern: '/volumes/{name:.*}' },
      handle: () => {
        throw new EngineError(
          'unavailable',
          'volume update only valid for cluster volumes, but swarm is unavailable',
        );
      },
    },
    {
      method: 'DELETE',
      path: '/volumes/*name',
      handle: async (request) => {
        await volumes.remove(request.param('name'), request.query.bool('force'));
        return empty();
      },
    },
  ];
}
