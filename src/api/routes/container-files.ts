import { EngineError, formatTime } from '../../base/mod.ts';
import type { ContainerFiles } from '../../engine/containers/mod.ts';
import { commitBody } from '../bodies/commit.ts';
import { discardBody } from '../http/discard.ts';
import { empty, json, type Output, type Reply, stream } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { AnyRoute } from '../http/route.ts';
import { namedTarget } from './named-target.ts';

type PathStat = Awaited<ReturnType<ContainerFiles['stat']>>;

/** Files of containers: archive, export, changes, and the images that are made of them. */
export function containerFileRoutes(files: ContainerFiles): AnyRoute[] {
  const archive = '/containers/*name/archive';
  return [
    { method: 'POST', path: '/commit', handle: (request) => commit(files, request) },
    { method: 'HEAD', path: archive, handle: (request) => stat(files, request) },
    { method: 'GET', path: archive, handle: (request) => download(files, request) },
    { method: 'PUT', path: archive, handle: (request) => upload(files, request) },
    { method: 'GET', path: '/containers/*name/export', handle: (request) => exportAll(files, request) },
    { method: 'GET', path: '/containers/*name/changes', handle: (request) => changes(files, request) },
  ];
}

async function stat(files: ContainerFiles, request: ApiRequest): Promise<Reply> {
  const found = await files.stat(request.param('name'), pathOf(request));
  return { ...empty(200), headers: statHeader(found) };
}

/** A hang-up cancels it. */
async function download(files: ContainerFiles, request: ApiRequest): Promise<Reply> {
  const { signal } = request;
  const found = await files.archive(request.param('name'), pathOf(request), { signal });
  const run = (out: Output) => pass(found, out);
  return { ...stream('application/x-tar', run), headers: statHeader(found.stat) };
}

async function upload(files: ContainerFiles, request: ApiRequest): Promise<Reply> {
  const { query, body } = request;
  const options = { keepKinds: query.bool('noOverwriteDirNonDir'), asUser: query.bool('copyUIDGID') };
  try {
    await files.extract(request.param('name'), pathOf(request), body, options);
  } catch (error) {
    // Its client gets to see the answer once it has sent all.
    await discardBody(body);
    throw error;
  }
  return empty(200);
}

/** A hang-up cancels it. */
async function exportAll(files: ContainerFiles, { params, signal }: ApiRequest): Promise<Reply> {
  const tree = await files.export(params['name'] ?? '', { signal });
  return stream('application/octet-stream', (out) => pass(tree, out));
}

async function changes(files: ContainerFiles, request: ApiRequest): Promise<Reply> {
  const found = await files.changes(request.param('name'));
  // Compat: no changes are null, and so they are in Go's empty list.
  return json(200, found.length === 0 ? null : found.map(({ path, kind }) => ({ Path: path, Kind: kind })));
}

async function commit(files: ContainerFiles, request: ApiRequest): Promise<Reply> {
  const { query } = request;
  const config = await request.json(commitBody);
  const id = await files.commit(query.text('container'), {
    pause: query.bool('pause', true) || query.text('pause') === '',
    changes: query.all('changes'),
    author: query.text('author'),
    comment: query.text('comment'),
    ...(config ? { config } : {}),
    ...namedTarget(query.text('repo'), query.text('tag')),
  });
  return json(201, { Id: id });
}

async function pass(
  source: AsyncDisposable & { bytes: AsyncIterable<Uint8Array> },
  out: Output,
): Promise<void> {
  await using held = source;
  out.begin();
  // A piece is used again when the next is asked for: `write` waits until it has gone.
  for await (const piece of held.bytes) await out.write(piece);
}

function pathOf({ query }: ApiRequest): string {
  const path = query.text('path');
  if (path !== '') return path;
  // Compat: moby's own sentence lacks the blank.
  throw new EngineError('invalid', 'bad parameter: pathcannot be empty');
}

/** Spec: Engine API, `X-Docker-Container-Path-Stat`: base64 of JSON. */
function statHeader({ name, size, mode, mtime, linkTarget }: PathStat): Record<string, string> {
  const text = JSON.stringify({ name, size, mode, mtime: formatTime(mtime), linkTarget });
  return { 'X-Docker-Container-Path-Stat': Buffer.from(text).toString('base64') };
}
