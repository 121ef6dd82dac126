import type { System } from '../../engine/system/mod.ts';
import type { AuthConfig } from '../../spec/docker/mod.ts';
import { authConfig } from '../bodies/auth.ts';
import { json } from '../http/reply.ts';
import type { AnyRoute } from '../http/route.ts';
import { infoFor } from '../versions/info.ts';
import { pruneBuildCacheRoute } from './build-cache.ts';
import { diskUsageRoute } from './disk-usage.ts';

/** Checks credentials against a registry; rejects with `unauthorized`. */
export interface RegistryLogin {
  login(auth: AuthConfig, options: { signal: AbortSignal }): Promise<{ identityToken: string }>;
}

export function systemRoutes(system: System, login: RegistryLogin): AnyRoute[] {
  return [
    { method: 'GET', path: '/version', handle: async () => json(200, await system.version()) },
    {
      method: 'GET',
      path: '/info',
      handle: async (request) => json(200, infoFor(request.version, await system.info())),
    },
    diskUsageRoute(system),
    pruneBuildCacheRoute(system),
    {
      method: 'POST',
      path: '/auth',
      handle: async (request) => {
        const auth = await request.json(authConfig);
        const { identityToken } = await login.login(auth, { signal: request.signal });
        return json(200, { Status: 'Login Succeeded', IdentityToken: identityToken });
      },
    },
  ];
}
