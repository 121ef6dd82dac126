import type { Containers } from '../../engine/containers/mod.ts';
import { parsePlatform } from '../../spec/platform.ts';
import { createBody } from '../bodies/container-create.ts';
import { json, type Reply } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Route } from '../http/route.ts';
import { adaptCreateRequest } from '../versions/container-create.ts';

export function createRoute(containers: Pick<Containers, 'create'>, host: { cgroupUnified: boolean }): Route {
  return {
    method: 'POST',
    path: '/containers/create',
    handle: (request) => create(containers, host, request),
  };
}

async function create(
  containers: Pick<Containers, 'create'>,
  host: { cgroupUnified: boolean },
  request: ApiRequest,
): Promise<Reply> {
  const { query, version } = request;
  const body = await request.json(createBody, { required: true });
  const warnings = adaptCreateRequest(body, { version, ...host });
  const platform = version.below('1.41') ? '' : query.text('platform');
  const created = await containers.create({
    name: query.text('name'),
    ...body,
    ...(platform === '' ? {} : { platform: parsePlatform(platform) }),
  });
  return json(201, { Id: created.id, Warnings: [...created.warnings, ...warnings] });
}
