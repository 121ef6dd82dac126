import type { Api } from '../api.ts';
import { ConnectionLost } from '../errors.ts';
import { type Filters, filtersQuery } from '../filters.ts';

/** Spec: Engine API, `EventMessage`. */
export interface EngineEvent {
  /** These three below API 1.52 only. */
  status?: string;
  id?: string;
  from?: string;
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> | null };
  scope?: string;
  /** Seconds since 1970. */
  time: number;
  /** Nanoseconds since 1970: more than a number holds. */
  timeNano: bigint;
}

/** What happens in the engine, as it happens; with `since` also what happened, with `until` up to then. */
export async function* engineEvents(
  api: Api,
  options: { since?: string; until?: string; filters?: Filters; signal?: AbortSignal } = {},
): AsyncGenerator<EngineEvent> {
  const { since, until, filters, signal } = options;
  const query = { since: since || undefined, until: until || undefined, filters: filtersQuery(filters) };
  const { body } = await api.request('GET', '/events', signal ? { query, signal } : { query });
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield parse(line);
  }
  if (pending.trim() !== '') yield parse(pending);
}

function parse(line: string): EngineEvent {
  try {
    // A number of JavaScript would round it.
    const event = JSON.parse(line.replace(/"timeNano":\s*(\d+)/, '"timeNano":"$1"')) as EngineEvent;
    return { ...event, timeNano: BigInt(event.timeNano ?? 0) };
  } catch (cause) {
    throw new ConnectionLost(`invalid event: ${line.slice(0, 80)}`, { cause });
  }
}
