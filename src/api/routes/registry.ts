import { EngineError } from '../../base/mod.ts';
import type { AuthConfig } from '../../spec/docker/mod.ts';
import { parseReference, type Reference, withDefaultTag } from '../../spec/reference.ts';
import { authConfig, authHeader } from '../bodies/auth.ts';
import { json, type Reply } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { AnyRoute } from '../http/route.ts';

/** What is asked of registries on a client's behalf, with no image of ours in it. */
export interface RegistryLookups {
  /** Checks credentials; rejects with `unauthorized`. */
  login(auth: AuthConfig, options: { signal: AbortSignal }): Promise<{ identityToken: string }>;
  /** What a reference names, and for which platforms. */
  inspect(
    reference: Reference,
    options: { auth?: AuthConfig; signal: AbortSignal },
  ): Promise<{ Descriptor: object; Platforms: object[] | null }>;
}

/** `POST /auth` and the tag Distribution. */
export function registryRoutes(registry: RegistryLookups): AnyRoute[] {
  return [
    {
      method: 'POST',
      path: '/auth',
      handle: async (request) => {
        const auth = await request.json(authConfig);
        const { identityToken } = await registry.login(auth, { signal: request.signal });
        return json(200, { Status: 'Login Succeeded', IdentityToken: identityToken });
      },
    },
    {
      method: 'GET',
      path: '/distribution/*name/json',
      since: { version: '1.30', pattern: '/distribution/{name:.*}/json' },
      handle: (request) => inspect(registry, request),
    },
  ];
}

async function inspect(registry: RegistryLookups, request: ApiRequest): Promise<Reply> {
  const name = request.param('name');
  // Compat: moby's sentence, and its status.
  if (/^(sha256:)?[0-9a-f]{64}$/.test(name)) {
    throw new EngineError('internal', 'no manifest found for full image ID');
  }
  const auth = authHeader(request.headers['x-registry-auth']);
  const answer = await registry.inspect(withDefaultTag(parseReference(name)), {
    signal: request.signal,
    ...(auth ? { auth } : {}),
  });
  return json(200, answer);
}
