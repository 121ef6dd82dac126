import type { Images } from '../../engine/images/mod.ts';
import type { Platform } from '../../spec/platform.ts';
import { parsePlatformJson } from '../bodies/platform.ts';
import { type Reply, stream } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Route } from '../http/route.ts';

type Backend = Pick<Images, 'save'>;

/** `GET /images/get` and `/images/{name}/get`: an archive of images. A hang-up cancels it. */
export function imageSaveRoutes(images: Backend): Route[] {
  const path = '/images/*name/get';
  return [
    { method: 'GET', path: '/images/get', handle: (it) => save(images, it, it.query.all('names')) },
    { method: 'GET', path, handle: (it) => save(images, it, [it.param('name')]) },
  ];
}

function save(images: Backend, request: ApiRequest, names: readonly string[]): Reply {
  const archive = images.save(names, { platforms: platformsOf(request), signal: request.signal });
  return stream('application/x-tar', async (out) => {
    // A piece is used again when the next is asked for: `write` waits until it has gone.
    for await (const piece of archive) await out.write(piece);
  });
}

/** Compat: one platform since 1.48, several since 1.52; with one, the image must be of it. */
function platformsOf({ query, version }: ApiRequest): Platform[] {
  if (version.below('1.48')) return [];
  const texts = query.all('platform').filter((text) => text !== '');
  return (version.below('1.52') ? texts.slice(0, 1) : texts).map(parsePlatformJson);
}
