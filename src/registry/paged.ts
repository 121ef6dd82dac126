import { EngineError } from '../base/mod.ts';
import type { Endpoint } from './endpoints.ts';
import { retrying } from './http/retry.ts';
import type { RegistryRequest, Session } from './session.ts';

/** One page of names; a hundred thousand of the longest fit. */
const MAX_PAGE_BYTES = 16 << 20;
/** More pages than this is a registry that leads in circles. */
const MAX_PAGES = 1000;

/**
 * The JSON documents of a list that comes in pages, each named by the one before it. Spec: OCI distribution spec,
 * "Listing Tags"; RFC 8288, `Link`. Only the query is taken from a link: it leads nowhere else.
 */
export async function* pages(
  session: Session,
  endpoint: Endpoint,
  request: RegistryRequest,
): AsyncGenerator<unknown> {
  let path: string | undefined = request.path;
  for (let count = 0; path !== undefined; count++) {
    if (count >= MAX_PAGES) throw new EngineError('corrupt', `list of ${request.path} has no end`);
    const page: RegistryRequest = { ...request, path };
    const { bytes, link } = await retrying(session.limits, request.signal, async () => {
      const answer = await session.send(endpoint, page);
      const body = await answer.body.bytes(MAX_PAGE_BYTES);
      return { bytes: body, link: answer.headers['link'] };
    });
    if (!bytes)
      throw new EngineError('corrupt', `list of ${request.path} is larger than ${MAX_PAGE_BYTES} bytes`);
    yield parse(bytes, request.path);
    path = nextPath(request.path, link);
  }
}

function parse(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new EngineError('corrupt', `list of ${path} is not JSON`, { cause });
  }
}

function nextPath(path: string, link: string | string[] | undefined): string | undefined {
  const [, target] = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(String(link ?? '')) ?? [];
  const query = target === undefined ? '' : (target.split('?', 2)[1] ?? '');
  return query === '' ? undefined : `${path.split('?', 1)[0]}?${query}`;
}
