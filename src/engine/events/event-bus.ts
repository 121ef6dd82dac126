import { nowNano } from '../../base/mod.ts';
import type { EventMessage, EventType } from '../../spec/docker/mod.ts';
import type { Filters } from '../filters.ts';
import { eventMatches } from './event-filter.ts';
import { EventLog } from './event-log.ts';
import type { Events } from './events.ts';
import { Listener } from './listener.ts';

/** Clocks are set back, and events of a container's last life lie close together: how far one may be out of order. */
const DISORDER = 3_600_000_000_000n;

/** The event bus, durable over a restart of the daemon: each event is in the log before subscribers hear of it. */
export class EventBus implements Events {
  readonly #log: EventLog;
  readonly #listeners = new Set<Listener>();

  /** `limit`: see EventLog. */
  constructor(dataRoot: string, limit?: number) {
    this.#log = new EventLog(dataRoot, limit);
  }

  /** On a full disk the event is only told: what it tells of has happened, and must not fail by this. */
  publish(type: EventType, action: string, id: string, attributes: Record<string, string>): void {
    const timeNano = nowNano();
    const event: EventMessage = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Number(timeNano / 1_000_000_000n),
      timeNano,
    };
    const end = this.#log.append(event);
    for (const listener of this.#listeners) listener.push(event, end);
  }

  happened(action: string, id: string, since: bigint, attributes: Record<string, string> = {}): boolean {
    const wanted = Object.entries(attributes);
    for (const { Action, Actor, timeNano } of this.#log.backwards()) {
      if (timeNano < since - DISORDER) return false;
      if (timeNano < since || Action !== action || Actor.ID !== id) continue;
      if (wanted.every(([name, value]) => Actor.Attributes[name] === value)) return true;
    }
    return false;
  }

  async *subscribe(options: {
    since?: bigint;
    until?: bigint;
    filters: Filters;
    signal: AbortSignal;
  }): AsyncIterable<EventMessage> {
    const { since, until, filters, signal } = options;
    const listener = new Listener(this.#log, since !== undefined);
    this.#listeners.add(listener);
    const wake = () => listener.wake();
    signal.addEventListener('abort', wake);
    const timer = untilTimer(until, wake);
    try {
      for (;;) {
        for await (const event of listener.ready()) {
          if (until !== undefined && event.timeNano > until) return;
          if (since !== undefined && event.timeNano < since) continue;
          if (eventMatches(filters, event)) yield event;
        }
        if (signal.aborted || (until !== undefined && nowNano() >= until)) return;
        await listener.more();
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      this.#listeners.delete(listener);
    }
  }

  close(): void {
    this.#log.close();
  }
}

function untilTimer(until: bigint | undefined, wake: () => void): NodeJS.Timeout | undefined {
  if (until === undefined) return undefined;
  const ms = Number((until - nowNano()) / 1_000_000n) + 1;
  return setTimeout(wake, Math.min(Math.max(ms, 0), 2 ** 31 - 1));
}
