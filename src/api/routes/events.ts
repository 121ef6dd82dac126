import { EngineError } from '../../base/mod.ts';
import type { Events } from '../../engine/events/mod.ts';
import { parseFilters } from '../http/filters.ts';
import { type Reply, stream } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { AnyRoute } from '../http/route.ts';
import { parseTimestamp } from '../http/timestamp.ts';
import { eventFor } from '../versions/events.ts';

const JSON_SEQ = 'application/json-seq';
/** Types that a client may ask for; wildcards do not count. */
const OFFERED = ['application/jsonl', 'application/x-ndjson', JSON_SEQ];

export function eventRoutes(events: Pick<Events, 'subscribe'>): AnyRoute[] {
  return [{ method: 'GET', path: '/events', handle: (request) => listen(events, request) }];
}

function listen(events: Pick<Events, 'subscribe'>, request: ApiRequest): Reply {
  const { query, version, signal } = request;
  const since = parseTimestamp(query.text('since'));
  const until = parseTimestamp(query.text('until'));
  if (since !== undefined && until !== undefined && until < since) {
    throw new EngineError(
      'invalid',
      `\`since\` time (${query.text('since')}) cannot be after \`until\` time (${query.text('until')})`,
    );
  }
  const filters = parseFilters(query.text('filters'));
  const contentType = negotiate(request);
  const prefix = contentType === JSON_SEQ ? '\x1e' : '';
  const options = { filters, signal, ...(since === undefined ? {} : { since }) };
  // Subscribed before the head is sent: a client that saw the head misses nothing.
  const messages = events.subscribe(until === undefined ? options : { ...options, until });
  return stream(contentType, async (out) => {
    out.begin();
    for await (const message of messages) {
      const text = eventFor(version, message);
      if (text !== undefined) await out.write(`${prefix}${text}\n`);
    }
  });
}

function negotiate({ headers, version }: ApiRequest): string {
  const accepted = (headers.accept ?? '').split(',').map((type) => type.split(';')[0]?.trim().toLowerCase());
  const asked = OFFERED.find((type) => accepted.includes(type));
  return asked ?? (version.below('1.52') ? 'application/json' : 'application/jsonl');
}
