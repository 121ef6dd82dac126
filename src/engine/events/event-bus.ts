import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf, nowNano } from '../../base/mod.ts';
import type { EventMessage, EventType } from '../../spec/docker/mod.ts';
import type { Filters } from '../filters.ts';
import { eventMatches } from './event-filter.ts';
import type { Events } from './events.ts';

/** Two files of this size are the most that the event log takes, bytes. */
const LOG_BYTES = 4 * 1024 * 1024;

/**
 * The event bus, durable over a restart of the daemon: each event is a line in `events/current.jsonl` under the
 * data-root (and the file before it, `previous.jsonl`), written before subscribers hear of it.
 * Crash: half a last line is skipped when read.
 */
export class EventBus implements Events {
  readonly #directory: string;
  readonly #wakers = new Map<symbol, (event: EventMessage) => void>();
  #fd: number;
  #bytes: number;

  constructor(dataRoot: string) {
    this.#directory = join(dataRoot, 'events');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    this.#fd = openSync(this.#path('current'), 'a', 0o600);
    this.#bytes = fstatSync(this.#fd).size;
  }

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
    this.#append(`${JSON.stringify({ ...event, timeNano: timeNano.toString() })}\n`);
    for (const wake of this.#wakers.values()) wake(event);
  }

  happened(action: string, id: string, since: bigint, attributes: Record<string, string> = {}): boolean {
    const wanted = Object.entries(attributes);
    return this.#past(since, undefined).some(
      ({ Action, Actor }) =>
        Action === action &&
        Actor.ID === id &&
        wanted.every(([name, value]) => Actor.Attributes[name] === value),
    );
  }

  /** On a full disk the event is only told: what it tells of has happened, and must not fail by this. */
  #append(line: string): void {
    // Race: what still ends while the daemon does. The number may be another file's by now.
    if (this.#fd < 0) return;
    try {
      if (this.#bytes > LOG_BYTES) this.#rotate();
      const bytes = Buffer.from(line);
      const written = writeSync(this.#fd, bytes);
      if (written < bytes.length) ftruncateSync(this.#fd, this.#bytes);
      else this.#bytes += written;
    } catch {
      // See above.
    }
  }

  async *subscribe(options: {
    since?: bigint;
    until?: bigint;
    filters: Filters;
    signal: AbortSignal;
  }): AsyncIterable<EventMessage> {
    const queue: EventMessage[] = [];
    let wake: () => void = () => {};
    const key = Symbol('subscriber');
    this.#wakers.set(key, (event) => {
      queue.push(event);
      wake();
    });
    const onAbort = () => wake();
    options.signal.addEventListener('abort', onAbort);
    const timer = this.#untilTimer(options.until, () => wake());
    try {
      if (options.since !== undefined) queue.unshift(...this.#past(options.since, queue[0]?.timeNano));
      for (;;) {
        for (let event = queue.shift(); event; event = queue.shift()) {
          if (options.until !== undefined && event.timeNano > options.until) return;
          if (eventMatches(options.filters, event)) yield event;
        }
        if (options.signal.aborted || (options.until !== undefined && nowNano() >= options.until)) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', onAbort);
      this.#wakers.delete(key);
    }
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #untilTimer(until: bigint | undefined, wake: () => void): NodeJS.Timeout | undefined {
    if (until === undefined) return undefined;
    const ms = Number((until - nowNano()) / 1_000_000n) + 1;
    return setTimeout(wake, Math.min(Math.max(ms, 0), 2 ** 31 - 1));
  }

  #past(since: bigint, before: bigint | undefined): EventMessage[] {
    const lines = [this.#path('previous'), this.#path('current')].flatMap((path) => readLines(path));
    return lines
      .flatMap(parseLine)
      .filter((event) => event.timeNano >= since && (before === undefined || event.timeNano < before));
  }

  #rotate(): void {
    renameSync(this.#path('current'), this.#path('previous'));
    const next = openSync(this.#path('current'), 'a', 0o600);
    closeSync(this.#fd);
    this.#fd = next;
    this.#bytes = 0;
  }

  #path(name: 'current' | 'previous'): string {
    return join(this.#directory, `${name}.jsonl`);
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function parseLine(line: string): EventMessage[] {
  if (line === '') return [];
  try {
    const raw = JSON.parse(line) as Omit<EventMessage, 'timeNano'> & { timeNano: string };
    return [{ ...raw, timeNano: BigInt(raw.timeNano) }];
  } catch {
    return [];
  }
}
