import { EngineError } from '../../base/mod.ts';
import type { Images } from '../../engine/images/mod.ts';
import type { AuthConfig } from '../../spec/docker/mod.ts';
import { canonicalName, parseReference, withTag } from '../../spec/reference.ts';
import { authConfig, authHeader } from '../bodies/auth.ts';
import { parsePlatformJson } from '../bodies/platform.ts';
import { decode } from '../http/go-json.ts';
import { streamProgress } from '../http/progress.ts';
import { type Reply, stream } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Route } from '../http/route.ts';

type Backend = Pick<Images, 'push'>;

/** More than any login. */
const MAX_BODY = 64 * 1024;

/** `POST /images/{name}/push`: of one tag with `tag`, else of the tag in the name, else of all. A hang-up cancels it. */
export function imagePushRoute(images: Backend): Route {
  return { method: 'POST', path: '/images/*name/push', handle: (request) => push(images, request) };
}

async function push(images: Backend, request: ApiRequest): Promise<Reply> {
  const { query, version, signal } = request;
  const header = request.headers['x-registry-auth'];
  const auth = header === undefined || header === '' ? await authBody(request) : authHeader(header);
  const named = parseReference(request.param('name'));
  const tag = query.text('tag');
  const reference = tag === '' ? named : withTag(named, tag);
  const platform = version.atLeast('1.46') ? query.text('platform') : '';
  const options = {
    signal,
    ...(auth ? { auth } : {}),
    ...(platform === '' ? {} : { platform: parsePlatformJson(platform) }),
  };
  return stream('application/json', (out) =>
    streamProgress(out, (progress) => images.push(canonicalName(reference), options, progress)),
  );
}

/** Compat: clients of before the header send the login as body; one of both there must be. */
async function authBody({ body }: ApiRequest): Promise<AuthConfig> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    parts.push(part);
    length += part.length;
    if (length > MAX_BODY) break;
  }
  try {
    if (length === 0) throw new Error('EOF');
    return decode(authConfig, JSON.parse(Buffer.concat(parts).toString()));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError('invalid', `bad parameters and missing X-Registry-Auth: ${why}`, { cause });
  }
}
