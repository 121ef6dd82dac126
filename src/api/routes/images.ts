import { EngineError } from '../../base/mod.ts';
import type { Filters } from '../../engine/filters.ts';
import type { Images } from '../../engine/images/mod.ts';
import { familiarRepository, parseReference, withDefaultTag, withTag } from '../../spec/reference.ts';
import { parsePlatformJson } from '../bodies/platform.ts';
import { parseFilters, withFilter } from '../http/filters.ts';
import { empty, json, type Reply } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { AnyRoute } from '../http/route.ts';
import { inspectFor, summaryFor } from '../versions/images.ts';
import { imageCreateRoute } from './image-create.ts';

/** The tag Image, as far as it exists. */
export function imageRoutes(images: Images): AnyRoute[] {
  return [
    { method: 'GET', path: '/images/json', handle: (request) => list(images, request) },
    imageCreateRoute(images),
    { method: 'GET', path: '/images/*name/json', handle: (request) => inspect(images, request) },
    {
      method: 'GET',
      path: '/images/*name/history',
      handle: async (request) => {
        checkPlatforms(request, 'platform', '1.48');
        return json(200, await images.history(request.param('name')));
      },
    },
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
  if (platform !== '') parsePlatformJson(platform);
  if (manifests && platform !== '') {
    throw new EngineError(
      'invalid',
      'conflicting options: manifests and platform options cannot both be set',
    );
  }
  return json(200, inspectFor(version, await images.inspect(request.param('name'))));
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
  checkPlatforms(request, 'platforms', '1.50');
  const options = { force: query.bool('force'), noPrune: query.bool('noprune') };
  return json(200, await images.remove(name, options));
}

/** Throws `invalid` for platforms that cannot be parsed; a store of one platform has no use for the others. */
function checkPlatforms({ query, version }: ApiRequest, key: string, since: string): void {
  if (version.below(since)) return;
  for (const text of query.all(key)) if (text !== '') parsePlatformJson(text);
}
