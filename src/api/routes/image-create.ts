import { EngineError } from '../../base/mod.ts';
import type { Images } from '../../engine/images/mod.ts';
import { type Digest, isDigest } from '../../spec/digest.ts';
import type { ProgressMessage } from '../../spec/docker/mod.ts';
import { type Platform, parsePlatform } from '../../spec/platform.ts';
import {
  canonicalName,
  familiarRepository,
  parseReference,
  type Reference,
  withDigest,
  withTag,
} from '../../spec/reference.ts';
import { authHeader } from '../bodies/auth.ts';
import { discardBody } from '../http/discard.ts';
import { streamProgress } from '../http/progress.ts';
import { type Reply, stream } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Route } from '../http/route.ts';
import { namedTarget } from './named-target.ts';

type Backend = Pick<Images, 'pull' | 'pullAllTags' | 'import'>;
type Push = (message: ProgressMessage) => void;

/** `POST /images/create`: pull (`fromImage`) and import (`fromSrc`). A hang-up cancels both. */
export function imageCreateRoute(images: Backend): Route {
  return { method: 'POST', path: '/images/create', handle: (request) => create(images, request) };
}

function create(images: Backend, request: ApiRequest): Reply {
  const { query, version } = request;
  const text = version.below('1.32') ? '' : query.text('platform');
  const platform = text === '' ? undefined : parsePlatform(text);
  const work =
    query.text('fromImage') === '' ? importer(images, request, platform) : puller(images, request, platform);
  return stream('application/json', (out) => streamProgress(out, work));
}

function puller(images: Backend, request: ApiRequest, platform: Platform | undefined) {
  const reference = pullReference(request);
  const auth = authHeader(request.headers['x-registry-auth']);
  const options = {
    signal: request.signal,
    ...(platform ? { platform } : {}),
    ...(auth ? { auth } : {}),
  };
  // Compat: neither a tag nor a digest means all tags.
  const pull =
    reference.tag === undefined && reference.digest === undefined ? images.pullAllTags : images.pull;
  return (push: Push) => pull(canonicalName(reference), options, push);
}

function pullReference({ query }: ApiRequest): Reference {
  // Compat: `pull -a` of old clients sends the name with a trailing colon.
  const named = parseReference(query.text('fromImage').replace(/:$/, ''));
  if (familiarRepository(named) === 'scratch')
    throw new EngineError('denied', "'scratch' is a reserved name");
  const tag = query.text('tag');
  if (tag === '') return named;
  return isDigest(tag) ? withDigest(named, tag as Digest) : withTag(named, tag);
}

function importer(images: Backend, request: ApiRequest, platform: Platform | undefined) {
  const { query, signal } = request;
  const source = query.text('fromSrc');
  const options = {
    changes: query.all('changes'),
    message: query.text('message') || `Imported from ${source}`,
    signal,
    ...namedTarget(query.text('repo'), query.text('tag')),
    ...(platform ? { platform } : {}),
  };
  return async (push: Push) => {
    try {
      push({ status: await images.import(source === '-' ? request.body : source, options, push) });
    } catch (error) {
      await discardBody(request.body);
      throw error;
    }
  };
}
