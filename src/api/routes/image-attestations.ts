import { EngineError } from '../../base/mod.ts';
import type { Images } from '../../engine/images/mod.ts';
import { authHeader } from '../bodies/auth.ts';
import { parsePlatformJson } from '../bodies/platform.ts';
import type { Reply } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { AnyRoute } from '../http/route.ts';

/** `GET /images/{name}/attestations`. */
export function attestationsRoute(images: Pick<Images, 'attestations'>): AnyRoute {
  return {
    method: 'GET',
    path: '/images/*name/attestations',
    since: { version: '1.55', pattern: '/images/{name:.*}/attestations' },
    handle: (request) => attestations(images, request),
  };
}

async function attestations(images: Pick<Images, 'attestations'>, request: ApiRequest): Promise<Reply> {
  const { query, signal } = request;
  const [platform, ...others] = query.all('platform').filter((text) => text !== '');
  if (others.length > 0) throw new EngineError('invalid', 'only one platform value is supported');
  const auth = authHeader(request.headers['x-registry-auth']);
  const found = await images.attestations(request.param('name'), {
    types: query.all('type').filter((type) => type !== ''),
    withStatement: query.bool('statement'),
    signal,
    ...(platform === undefined ? {} : { platform: parsePlatformJson(platform) }),
    ...(auth ? { auth } : {}),
  });
  const rows = found.map(({ descriptor, predicateType, statement }) => {
    const row = JSON.stringify({ Descriptor: descriptor, PredicateType: predicateType });
    // Verbatim: read and written again, numbers and the order of keys would not be the signer's.
    return statement === undefined ? row : `${row.slice(0, -1)},"Statement":${statement}}`;
  });
  return { kind: 'json', status: 200, text: `[${rows.join(',')}]\n` };
}
