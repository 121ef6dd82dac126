import { EngineError } from '../../base/mod.ts';
import { type System, USAGE_TYPES, type UsageType } from '../../engine/system/mod.ts';
import { json } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Route } from '../http/route.ts';
import { diskUsageFor } from '../versions/disk-usage.ts';

/** `GET /system/df`: what is on the disk. */
export function diskUsageRoute(system: Pick<System, 'diskUsage'>): Route {
  return {
    method: 'GET',
    path: '/system/df',
    handle: async (request) => {
      const verbose = verboseOf(request);
      const usage = await system.diskUsage(typesOf(request));
      return json(200, diskUsageFor(request.version, usage, verbose));
    },
  };
}

function typesOf({ query, version }: ApiRequest): Set<UsageType> {
  if (version.below('1.42') || !query.has('type')) return new Set(USAGE_TYPES);
  const types = query.all('type').map((text) => {
    const type = USAGE_TYPES.find((known) => known === text);
    if (!type) throw new EngineError('invalid', `unknown object type: ${text}`);
    return type;
  });
  return new Set(types);
}

/** Undefined where it was not said, which means something of its own. Compat: read by Go's `strconv.ParseBool`. */
function verboseOf({ query, version }: ApiRequest): boolean | undefined {
  const text = query.text('verbose');
  if (version.below('1.52') || text === '') return undefined;
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw new EngineError('invalid', `invalid value for verbose: ${text}`);
}
