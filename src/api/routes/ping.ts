import type { Reply } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { AnyRoute } from '../http/route.ts';

/** `/_ping`. `Builder-Version` 1 sends builds of the docker CLI to the classic API. */
export function pingRoutes(): AnyRoute[] {
  return [
    { method: 'GET', path: '/_ping', handle: ping },
    { method: 'HEAD', path: '/_ping', handle: ping },
  ];
}

function ping(request: ApiRequest): Reply {
  const headers = {
    'Builder-Version': '1',
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    Pragma: 'no-cache',
    Swarm: 'inactive',
    ...(isDockerCli(request) ? { Connection: 'close' } : {}),
  };
  return { kind: 'text', status: 200, text: request.method === 'HEAD' ? '' : 'OK', headers };
}

/**
 * The docker CLI asks once and then does what it is for. That comes on a connection of its own, whose first head our front
 * reads: the body of a `load` is then read off the socket by who unpacks it. Costs the CLI a connect.
 */
function isDockerCli({ headers }: ApiRequest): boolean {
  return headers['user-agent']?.startsWith('Docker-Client/') === true;
}
