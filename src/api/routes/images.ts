import { EngineError } from '../../base/mod.ts';
import type { Filters } from '../../engine/filters.ts';
import type { Images } from '../../engine/images/mod.ts';
import type { Platform } from '../../spec/platform.ts';
import { familiarRepository, parseReference, withDefaultTag, withTag } from '../../spec/reference.ts';
import { parsePlatformJson } from '../bodies/platform.ts';
import { parseFilters, withFilter } from '../http/filters.ts';
import { empty, json, type Reply } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { AnyRoute } from '../http/route.ts';
import { inspectFor, summaryFor } from '../versions/images.ts';
import { attestationsRoute } from './image-attestations.ts';
import { imageCreateRoute } from './image-create.ts';
import { imageLoadRoute } from './image-load.ts';
import { imagePushRoute } from './image-push.ts';
import { imageSaveRoutes } from './image-save.ts';
import { searchRoute } from './image-search.ts';

/** The tag Image, as far as it exists. */
export function imageRoutes(images: Images): AnyRoute[] {
  return [
    { method: 'GET', path: '/images/json', handle: (request) => list(images, request) },
    imageCreateRoute(images),
    imagePushRoute(images),
    ...imageSaveRoutes(images),
    imageLoadRoute(images),
    searchRoute(images),
    {
      method: 'POST',
      path: '/images/prune',
      since: { version: '1.25', pattern: '/images/prune' },
      handle: (request) => prune(images, request),
    },
    { method: 'GET', path: '/images/*name/json', handle: (request) => inspect(images, request) },
    {
      method: 'GET',
      path: '/images/*name/history',
      handle: async (request) => {
        const [platform] = platformsOf(request, 'platform', '1.48');
        return json(200, await images.history(request.param('name'), platform));
      },
    },
    attestationsRoute(images),
    { method: 'POST', path: '/images/*name/tag', handle: (request) => tag(images, request) },
    { method: 'DELETE', path: '/images/*name', handle: (request) => remove(images, request) },
  ];
}

async function list(images: Pick<Images, 'list'>, request: ApiRequest): Promise<Reply> {
  const { query, version } = request;
  if (version.atLeast('1.54') && query.bool('identity') && !query.bool('manifests')) {
    throw new EngineError('invalid', 'conflicting options: identity requires manifests=1');
  }
  const rows = await images.list({
    all: query.bool('all'),
    filters: filtersOf(request),
    sharedSize: version.atLeast('1.42') && query.bool('shared-size'),
  });
  return json(
    200,
    rows.map((row) => summaryFor(version, row)),
  );
}

/** Compat: `filter=GLOB` is how clients up to 1.40 spell the filter `reference`. */
function filtersOf({ query, version }: ApiRequest): Filters {
  const filters = parseFilters(query.text('filters'));
  const glob = version.below('1.41') ? query.text('filter') : '';
  return glob === '' || filters.has('reference') ? filters : withFilter(filters, 'reference', glob);
}

async function inspect(images: Pick<Images, 'inspect'>, request: ApiRequest): Promise<Reply> {
  const { query, version } = request;
  const manifests = version.atLeast('1.48') && query.bool('manifests');
  const platform = version.atLeast('1.49') ? query.text('platform') : '';
  const wanted = platform === '' ? undefined : parsePlatformJson(platform);
  if (manifests && platform !== '') {
    throw new EngineError(
      'invalid',
      'conflicting options: manifests and platform options cannot both be set',
    );
  }
  return json(200, inspectFor(version, await images.inspect(request.param('name'), wanted)));
}

async function tag(images: Pick<Images, 'tag'>, { query, params }: ApiRequest): Promise<Reply> {
  const repository = query.text('repo');
  // Compat: moby refuses with an error without a text here.
  if (repository === '') throw new EngineError('invalid', 'repository name must have at least one component');
  const parsed = parseReference(repository);
  if (parsed.digest !== undefined) throw new EngineError('invalid', 'cannot import digest reference');
  const name = query.text('tag');
  const target = name === '' ? withDefaultTag(parsed) : withTag(parsed, name);
  if (familiarRepository(target) === 'sha256') {
    throw new EngineError('invalid', 'refusing to create an ambiguous tag using digest algorithm as name');
  }
  await images.tag(params['name'] ?? '', familiarRepository(target), target.tag ?? 'latest');
  return empty(201);
}

async function remove(images: Pick<Images, 'remove'>, request: ApiRequest): Promise<Reply> {
  const { query } = request;
  const name = request.param('name');
  if (name.trim() === '') throw new EngineError('invalid', 'image name cannot be blank');
  const platforms = platformsOf(request, 'platforms', '1.50');
  const options = { force: query.bool('force'), noPrune: query.bool('noprune'), platforms };
  return json(200, await images.remove(name, options));
}

/** Platforms that a query names, in JSON; none before `since`. Throws `invalid` for what cannot be parsed. */
function platformsOf({ query, version }: ApiRequest, key: string, since: string): Platform[] {
  if (version.below(since)) return [];
  return query
    .all(key)
    .filter((text) => text !== '')
    .map(parsePlatformJson);
}

async function prune(images: Pick<Images, 'prune'>, { query, signal }: ApiRequest): Promise<Reply> {
  const { deleted, spaceReclaimed } = await images.prune(parseFilters(query.text('filters')), { signal });
  return json(200, {
    ImagesDeleted: deleted.length > 0 ? deleted : null,
    SpaceReclaimed: spaceReclaimed,
  });
}
