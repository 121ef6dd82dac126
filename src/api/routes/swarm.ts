import { EngineError } from '../../base/mod.ts';
import type { ApiRequest } from '../http/request.ts';
import type { AnyRoute, Route } from '../http/route.ts';

const NO_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** Every route of swarm mode as it answers where the node is in no swarm. Spec: tags Swarm, Node, Service, Task, … */
export function swarmRoutes(): AnyRoute[] {
  return [
    refused('GET', '/swarm', NO_MANAGER),
    refused('GET', '/swarm/unlockkey', NO_MANAGER),
    refused('POST', '/swarm/unlock', NO_MANAGER),
    { method: 'POST', path: '/swarm/update', handle: refuseUpdate('swarm') },
    refused('POST', '/swarm/leave', 'This node is not part of a swarm'),
    missing('POST', '/swarm/init'),
    missing('POST', '/swarm/join'),
    ...objects('nodes', 'node', { create: false }),
    ...objects('services', 'service', { create: true }),
    { method: 'GET', path: '/services/:id/logs', handle: refuseLogs },
    refused('GET', '/tasks', NO_MANAGER),
    refused('GET', '/tasks/:id', NO_MANAGER),
    { method: 'GET', path: '/tasks/:id/logs', handle: refuseLogs },
    ...since('1.25', objects('secrets', 'secret', { create: true })),
    ...since('1.30', objects('configs', 'config', { create: true })),
  ];
}

function objects(plural: string, singular: string, options: { create: boolean }): Route[] {
  return [
    refused('GET', `/${plural}`, NO_MANAGER),
    refused('GET', `/${plural}/:id`, NO_MANAGER),
    refused('DELETE', `/${plural}/:id`, NO_MANAGER),
    { method: 'POST', path: `/${plural}/:id/update`, handle: refuseUpdate(singular) },
    ...(options.create ? [refused('POST', `/${plural}/create`, NO_MANAGER)] : []),
  ];
}

function since(version: string, routes: Route[]): Route[] {
  return routes.map((route) => ({
    ...route,
    since: { version, pattern: route.path.replace(/:(\w+)/g, '{$1}') },
  }));
}

function refused(method: Route['method'], path: string, message: string): Route {
  return {
    method,
    path,
    handle: () => {
      throw new EngineError('unavailable', message);
    },
  };
}

function missing(method: Route['method'], path: string): Route {
  return {
    method,
    path,
    handle: () => {
      throw new EngineError('unimplemented', 'swarm mode is not implemented by Minke yet');
    },
  };
}

/** Compat: the streams are looked at before the swarm is. */
function refuseLogs({ query }: ApiRequest): never {
  if (!query.bool('stdout') && !query.bool('stderr')) {
    throw new EngineError('invalid', 'Bad parameters: you must choose at least one stream');
  }
  throw new EngineError('unavailable', NO_MANAGER);
}

/** Compat: an update's version is looked at before the swarm is. */
function refuseUpdate(what: string): (request: ApiRequest) => never {
  return ({ query }) => {
    const version = query.text('version');
    if (!/^\d+$/.test(version)) {
      throw new EngineError(
        'invalid',
        `invalid ${what} version '${version}': strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`,
      );
    }
    throw new EngineError('unavailable', NO_MANAGER);
  };
}
