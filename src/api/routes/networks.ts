import { EngineError } from '../../base/mod.ts';
import type { NetworksBackend } from '../../engine/networks/mod.ts';
import { parseFilters } from '../http/filters.ts';
import { json, type Reply } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { AnyRoute } from '../http/route.ts';
import { inspectFor, summaryFor } from '../versions/networks.ts';

/** The tag Network, as far as it exists. */
export function networkRoutes(networks: NetworksBackend): AnyRoute[] {
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
