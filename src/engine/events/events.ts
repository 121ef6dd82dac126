import type { EventMessage, EventType } from '../../spec/docker/mod.ts';
import type { Filters } from '../filters.ts';

/** One typed bus. An event is published after the state that it tells of is on disk. */
export interface Events {
  publish(type: EventType, action: string, id: string, attributes: Record<string, string>): void;
  /** Whether such an event of that id was published since then (nanoseconds since 1970), also by an earlier daemon; with these attributes, if given. */
  happened(action: string, id: string, since: bigint, attributes?: Record<string, string>): boolean;
  /**
   * Events from `since` on (nanoseconds since 1970; undefined = only new ones) up to `until` (undefined = no end).
   * Also yields while none come, until `signal` aborts.
   */
  subscribe(options: {
    since?: bigint;
    until?: bigint;
    filters: Filters;
    signal: AbortSignal;
  }): AsyncIterable<EventMessage>;
}
