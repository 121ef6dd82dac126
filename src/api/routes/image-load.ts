import { EngineError } from '../../base/mod.ts';
import type { Images } from '../../engine/images/mod.ts';
import type { Platform } from '../../spec/platform.ts';
import { parsePlatformJson } from '../bodies/platform.ts';
import { discardBody } from '../http/discard.ts';
import { ProgressStream } from '../http/progress.ts';
import { type Reply, stream } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Route } from '../http/route.ts';

/** `POST /images/load`. A hang-up cancels it. */
export function imageLoadRoute(images: Pick<Images, 'load'>): Route {
  return { method: 'POST', path: '/images/load', handle: (request) => load(images, request) };
}

function load(images: Pick<Images, 'load'>, request: ApiRequest): Reply {
  const { query, body, signal } = request;
  const options = { quiet: query.bool('quiet', true), platforms: platformsOf(request), signal };
  return stream('application/json', async (out) => {
    const progress = new ProgressStream(out);
    try {
      await images.load(body, options, progress.push);
    } catch (error) {
      await discardBody(body);
      // Compat: whatever goes wrong with an archive is told in the stream, never by a status.
      await progress.fail(error);
    }
    await progress.end();
    out.begin();
  });
}

function platformsOf({ query, version }: ApiRequest): Platform[] {
  if (version.below('1.48')) return [];
  const texts = query.all('platform');
  if (version.below('1.52') && texts.length > 1) {
    throw new EngineError(
      'invalid',
      'multiple platform parameters are not supported in this API version; use API version 1.52 or later',
    );
  }
  return texts.map(parsePlatformJson);
}
