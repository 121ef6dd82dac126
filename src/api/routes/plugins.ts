import { EngineError } from '../../base/mod.ts';
import { checkFilterKeys } from '../../engine/filters.ts';
import { parseFilters } from '../http/filters.ts';
import { json } from '../http/reply.ts';
import type { AnyRoute, Route } from '../http/route.ts';
import { notYet } from './not-yet.ts';

/** The tag Plugin: there are none, and none can be installed. */
export function pluginRoutes(): AnyRoute[] {
  return [
    {
      method: 'GET',
      path: '/plugins',
      handle: ({ query }) => {
        checkFilterKeys(parseFilters(query.text('filters')), ['capability', 'enabled']);
        return json(200, []);
      },
    },
    notYet('GET', '/plugins/privileges', 'plugin install'),
    notYet('POST', '/plugins/pull', 'plugin install'),
    notYet('POST', '/plugins/create', 'plugin create'),
    unknown('GET', '/plugins/*name/json'),
    unknown('POST', '/plugins/*name/enable'),
    unknown('POST', '/plugins/*name/disable'),
    unknown('POST', '/plugins/*name/push'),
    unknown('POST', '/plugins/*name/set'),
    {
      ...unknown('POST', '/plugins/*name/upgrade'),
      since: { version: '1.26', pattern: '/plugins/{name:.*}/upgrade' },
    },
    unknown('DELETE', '/plugins/*name'),
  ];
}

function unknown(method: Route['method'], path: string): Route {
  return {
    method,
    path,
    handle: (request) => {
      throw new EngineError('not-found', `plugin ${JSON.stringify(request.param('name'))} not found`);
    },
  };
}
