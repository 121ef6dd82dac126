import { EngineError } from '../../base/mod.ts';
import type { Containers } from '../../engine/containers/containers.ts';
import type { NetworksBackend } from '../../engine/networks/mod.ts';
import { networkConnect, networkCreate, networkDisconnect } from '../bodies/network.ts';
import { parseFilters } from '../http/filters.ts';
import { empty, json, type Reply } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { AnyRoute } from '../http/route.ts';
import { connectFor, inspectFor, networkCreateFor, summaryFor } from '../versions/networks.ts';

/** What of the containers the routes need. */
type ContainersOnNetworks = Pick<Containers, 'connect' | 'disconnect'>;

/** The tag Network. */
export function networkRoutes(networks: NetworksBackend, containers: ContainersOnNetworks): AnyRoute[] {
  const list = async ({ query, version }: ApiRequest): Promise<Reply> => {
    const rows = await networks.list(parseFilters(query.text('filters')));
    return json(
      200,
      rows.map((row) => summaryFor(version, row)),
    );
  };
  return [
    { method: 'GET', path: '/networks', handle: list },
    // Compat: the one path that also exists with a slash behind it.
    { method: 'GET', path: '/networks/', handle: list },
    {
      method: 'POST',
      path: '/networks/prune',
      since: { version: '1.25', pattern: '/networks/prune' },
      handle: async ({ query }) => {
        const deleted = await networks.prune(parseFilters(query.text('filters')));
        return json(200, { NetworksDeleted: deleted.length > 0 ? deleted : null });
      },
    },
    {
      method: 'POST',
      path: '/networks/create',
      handle: async (request) => {
        const { id, warning } = await networks.create(
          networkCreateFor(request.version, await request.json(networkCreate)),
        );
        return json(201, { Id: id, Warning: warning });
      },
    },
    {
      method: 'POST',
      path: '/networks/*id/connect',
      handle: async (request) => {
        const { container, settings } = await request.json(networkConnect);
        await containers.connect(container, request.param('id'), connectFor(request.version, settings));
        return empty(200);
      },
    },
    {
      method: 'POST',
      path: '/networks/*id/disconnect',
      handle: async (request) => {
        const { container, force } = await request.json(networkDisconnect);
        await containers.disconnect(container, request.param('id'), { force });
        return empty(200);
      },
    },
    {
      method: 'DELETE',
      path: '/networks/*id',
      handle: async (request) => {
        await networks.remove(request.param('id'));
        return empty();
      },
    },
    {
      method: 'GET',
      path: '/networks/*id',
      handle: async ({ query, version, params }) => {
        checkBool(query.text('verbose'));
        const scope = query.text('scope');
        const network = await networks.inspect(params['id'] ?? '', scope === '' ? {} : { scope });
        return json(200, inspectFor(version, network));
      },
    },
  ];
}

/** Compat: this one query is read by Go's `strconv.ParseBool`. */
function checkBool(text: string): void {
  if (text === '' || /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(text)) return;
  throw new EngineError(
    'invalid',
    `invalid value for verbose: ${text}: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}
