import type { Containers } from '../../engine/containers/mod.ts';
import { updateBody } from '../bodies/container-update.ts';
import { json, type Reply } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Route } from '../http/route.ts';

export function updateRoute(containers: Pick<Containers, 'update'>): Route {
  return {
    method: 'POST',
    path: '/containers/*name/update',
    handle: (request) => update(containers, request),
  };
}

async function update(containers: Pick<Containers, 'update'>, request: ApiRequest): Promise<Reply> {
  const asked = await request.json(updateBody, { required: true });
  if (request.version.below('1.40')) asked.PidsLimit = null;
  // Compat: 0 and any negative number mean unlimited, and 0 is what is kept.
  if (asked.PidsLimit !== null && asked.PidsLimit <= 0) asked.PidsLimit = 0;
  const { warnings } = await containers.update(request.param('name'), asked);
  return json(200, { Warnings: warnings.length > 0 ? warnings : null });
}
