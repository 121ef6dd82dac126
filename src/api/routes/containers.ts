import { EngineError, isEngineError } from '../../base/mod.ts';
import type { Containers } from '../../engine/containers/mod.ts';
import { parseFilters } from '../http/filters.ts';
import { empty, json, type Reply } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { AnyRoute } from '../http/route.ts';
import { inspectFor, summaryFor } from '../versions/containers.ts';
import { attachRoute } from './container-attach.ts';
import { attachWebSocketRoute } from './container-attach-websocket.ts';
import { createRoute } from './container-create.ts';
import { logsRoute } from './container-logs.ts';
import { statsRoute } from './container-stats.ts';
import { updateRoute } from './container-update.ts';
import { waitRoute } from './container-wait.ts';

/** The tag Container, as far as it exists. */
export function containerRoutes(containers: Containers, host: { cgroupUnified: boolean }): AnyRoute[] {
  const verb = (name: string, run: (ref: string, request: ApiRequest) => Promise<void>, status = 204) => ({
    method: 'POST' as const,
    path: `/containers/*name/${name}`,
    handle: async (request: ApiRequest) => {
      await run(request.param('name'), request);
      return empty(status);
    },
  });
  return [
    { method: 'GET', path: '/containers/json', handle: (request) => list(containers, request) },
    createRoute(containers, host),
    {
      method: 'POST',
      path: '/containers/prune',
      since: { version: '1.25', pattern: '/containers/prune' },
      handle: (request) => prune(containers, request),
    },
    {
      method: 'GET',
      path: '/containers/*name/json',
      handle: async ({ version, query, params }) =>
        json(
          200,
          inspectFor(version, await containers.inspect(params['name'] ?? '', { size: query.bool('size') })),
        ),
    },
    logsRoute(containers),
    statsRoute(containers),
    {
      method: 'GET',
      path: '/containers/*name/top',
      handle: async ({ query, params }) =>
        json(200, await containers.top(params['name'] ?? '', query.text('ps_args'))),
    },
    verb('start', (ref, request) => {
      refuseStartBody(request);
      return containers.start(ref);
    }),
    verb('stop', (ref, request) => containers.stop(ref, stopOptions(request))),
    verb('restart', (ref, request) => containers.restart(ref, stopOptions(request))),
    verb('kill', (ref, { query }) => kill(containers, ref, query.text('signal'))),
    verb('pause', (ref) => containers.pause(ref)),
    verb('unpause', (ref) => containers.unpause(ref)),
    verb('rename', (ref, { query }) => containers.rename(ref, query.text('name'))),
    verb(
      'resize',
      (ref, { query }) => {
        const height = query.uint32('h', 'invalid resize height');
        return containers.resize(ref, height, query.uint32('w', 'invalid resize width'));
      },
      200,
    ),
    updateRoute(containers),
    waitRoute(containers),
    attachRoute(containers),
    attachWebSocketRoute(containers),
    {
      method: 'DELETE',
      path: '/containers/*name',
      handle: async ({ query, params }) => {
        const options = { force: query.bool('force'), volumes: query.bool('v'), link: query.bool('link') };
        await containers.remove(params['name'] ?? '', options);
        return empty();
      },
    },
  ];
}

async function list(containers: Pick<Containers, 'list'>, { query, version }: ApiRequest): Promise<Reply> {
  const rows = await containers.list({
    all: query.bool('all'),
    limit: query.int('limit') ?? 0,
    size: query.bool('size'),
    filters: parseFilters(query.text('filters')),
  });
  return json(
    200,
    rows.map((row) => summaryFor(version, row)),
  );
}

async function prune(containers: Pick<Containers, 'prune'>, { query }: ApiRequest): Promise<Reply> {
  const { deleted, spaceReclaimed } = await containers.prune(parseFilters(query.text('filters')));
  return json(200, {
    ContainersDeleted: deleted.length > 0 ? deleted : null,
    SpaceReclaimed: spaceReclaimed,
  });
}

/** `t` is the grace; `signal` was not read before 1.42. */
function stopOptions({ query, version }: ApiRequest): { timeoutSeconds?: number; signal?: string } {
  const timeoutSeconds = query.int('t');
  const signal = version.below('1.42') ? '' : query.text('signal');
  return {
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(signal === '' ? {} : { signal }),
  };
}

/** Compat: the daemon's sentence gets this prefix, with the name as the client wrote it. */
async function kill(containers: Pick<Containers, 'kill'>, ref: string, signal: string): Promise<void> {
  try {
    await containers.kill(ref, signal === '' ? undefined : signal);
  } catch (error) {
    if (!isEngineError(error) || /^cannot kill container/i.test(error.message)) throw error;
    throw new EngineError(error.code, `cannot kill container: ${ref}: ${error.message}`, { cause: error });
  }
}

function refuseStartBody({ contentLength }: ApiRequest): void {
  // Compat: a JSON object that says something has at least seven bytes.
  if (contentLength !== undefined && contentLength <= 7) return;
  throw new EngineError(
    'invalid',
    'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
  );
}
