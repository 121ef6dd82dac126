import type { EventMessage } from '../../spec/docker/mod.ts';
import { type EventLog, isReached, type Position } from './event-log.ts';

/** Events that wait in memory for one reader; one that is further behind reads them from the disk. */
const QUEUE = 256;

/**
 * One reader of the bus. It sees each event once and in order, however slowly it reads: what it had no time for is read
 * again from the log, as long as the log has it.
 */
export class Listener {
  readonly #log: EventLog;
  #queue: { event: EventMessage; end: Position | undefined }[] = [];
  /** Behind the last event it was given. */
  #position: Position;
  /** What it needs next is on the disk only. */
  #behind: boolean;
  #wake: () => void = () => {};

  /** `past` = it also wants what the log has already. */
  constructor(log: EventLog, past: boolean) {
    this.#log = log;
    this.#position = past ? log.beginning : log.end;
    this.#behind = past;
  }

  /** An event happened; `end` is the place behind it in the log, if it was written. */
  push(event: EventMessage, end: Position | undefined): void {
    if (this.#queue.length >= QUEUE) {
      this.#queue = [];
      this.#behind = true;
    }
    this.#queue.push({ event, end });
    this.#wake();
  }

  /** Events that are there; ends when there are none just now. */
  async *ready(): AsyncGenerator<EventMessage, void, undefined> {
    while (this.#behind || this.#queue.length > 0) {
      if (this.#behind) {
        // Race: asked before reading, so that what comes meanwhile is read again if it does not fit.
        this.#behind = false;
        for await (const { event, end } of this.#log.read(this.#position)) {
          this.#position = end;
          yield event;
        }
        continue;
      }
      const next = this.#queue.shift();
      if (next?.end) {
        if (isReached(this.#position, next.end)) continue;
        this.#position = next.end;
      }
      if (next) yield next.event;
    }
  }

  /** Resolves at the next event, or when `wake` is called. */
  async more(): Promise<void> {
    if (this.#queue.length > 0) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    this.#wake();
  }
}
