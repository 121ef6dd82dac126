import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, parseTime } from '../../base/mod.ts';
import type { LogMessage, OpenSender, Sender } from '../driver/sender.ts';
import type { LogRecord } from '../logs.ts';
import { Growth } from '../read/growth.ts';
import { Cursor, type Position, readCursor } from './cursor.ts';
import type { FromBackground, ShipSpec } from './protocol.ts';
import { type Piece, RecordQueue } from './record-queue.ts';

/** A container that has ended waits no longer for a receiver that takes nothing. */
const GIVE_UP_MS = 10_000;
const RETRY = { first: 100, factor: 2, longest: 5_000, tries: Number.POSITIVE_INFINITY };
const NEWLINE = 0x0a;

/**
 * Sends the records of one container, in order, to its receiver. They are read from the file that the pump writes, so
 * nothing but the disk's room bounds an outage that a container does not wait for; how far they are sent stands in a
 * cursor, so that a killed daemon sends some of them twice and none not at all.
 */
export class Shipper {
  readonly #spec: ShipSpec;
  readonly #open: OpenSender;
  readonly #post: (message: FromBackground) => void;
  readonly #growth: Growth;
  readonly #stop = new AbortController();
  #sender: Sender | undefined;
  #pending: LogMessage[] = [];
  #pendingSince = 0;
  #pendingEnd: Position | undefined;
  #pendingBytes = 0;
  /** Bytes that waited before the pump began to count. */
  #backlog = 0;
  #inTrouble = false;
  /** It was said that the receiver is behind. */
  #dropping = false;
  #giveUp: NodeJS.Timeout | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(spec: ShipSpec, open: OpenSender, post: (message: FromBackground) => void) {
    this.#spec = spec;
    this.#open = open;
    this.#post = post;
    this.#growth = new Growth(() => post({ type: 'follow', key: spec.key }));
  }

  /** Finds its place and begins. Rejects, in Docker's words, if a receiver that must be there is not. */
  async begin(): Promise<void> {
    const { resumed, cursorPath, context } = this.#spec;
    const { signal } = this.#stop;
    if (!resumed) this.#sender = await this.#open(context, { eager: true, signal });
    const from = resumed ? readCursor(cursorPath) : undefined;
    const { queue, backlog } = await RecordQueue.open(this.#spec, from);
    this.#backlog = backlog;
    const cursor = new Cursor(cursorPath);
    cursor.write(queue.position);
    this.#done = this.#run(queue, cursor)
      .catch((error: unknown) => this.#trouble('output is not sent any more', error))
      .finally(async () => {
        clearTimeout(this.#giveUp);
        cursor[Symbol.dispose]();
        await queue.close();
        await this.#sender?.close();
      });
  }

  grown(): void {
    this.#growth.grown();
  }

  /** Sends what is left, and ends. */
  async end(): Promise<void> {
    this.#growth.end();
    this.#progress();
    await this.#done;
  }

  /** Ends at once. */
  async abandon(): Promise<void> {
    this.#stop.abort();
    this.#growth.end();
    await this.#done;
  }

  async #run(queue: RecordQueue, cursor: Cursor): Promise<void> {
    while (!this.#stop.signal.aborted) {
      // Race: both asked before reading, so that nothing written later is missed.
      const { ended } = this.#growth;
      const grown = Promise.withResolvers<void>();
      const forget = this.#growth.next(grown.resolve);
      if (ended) await queue.complete();
      for (let piece = await this.#next(queue); piece; piece = await this.#next(queue)) {
        if (this.#pending.length === 0) this.#pendingSince = Date.now();
        this.#pending.push(...piece.records.map(toMessage));
        this.#pendingEnd = piece.position;
        this.#pendingBytes += piece.bytes;
        if (this.#isDue()) await this.#flush(cursor);
        if (this.#stop.signal.aborted) break;
      }
      if (ended) break;
      await this.#wait(grown.promise, cursor);
      forget();
    }
    await this.#flush(cursor);
  }

  /** The next records; of one that does not wait for its receiver, those that its buffer still has. */
  async #next(queue: RecordQueue): Promise<Piece | undefined> {
    const { buffer } = this.#spec;
    const dropped = buffer === undefined ? 0 : await queue.keepLast(buffer);
    if (dropped > 0 && !this.#dropping) {
      this.#trouble('the receiver is behind, its oldest output is dropped', undefined, { bytes: dropped });
    }
    if (dropped > 0) this.#dropping = true;
    const piece = await queue.next();
    if (!piece) this.#dropping = false;
    return piece;
  }

  #isDue(): boolean {
    const batch = this.#sender?.batch;
    return !batch || this.#pending.length >= batch.most || Date.now() - this.#pendingSince >= batch.linger;
  }

  /** Until there is more, or what is there is due. */
  async #wait(grown: Promise<void>, cursor: Cursor): Promise<void> {
    const { batch } = this.#sender ?? {};
    if (!batch || this.#pending.length === 0) return grown;
    const linger = new AbortController();
    const due = sleep(Math.max(0, this.#pendingSince + batch.linger - Date.now()), 'due', {
      signal: linger.signal,
    }).catch(() => 'due');
    const why = await Promise.race([grown, due]);
    linger.abort();
    if (why === 'due' && this.#isDue()) await this.#flush(cursor);
  }

  async #flush(cursor: Cursor): Promise<void> {
    const messages = this.#pending;
    const end = this.#pendingEnd;
    const bytes = this.#pendingBytes;
    if (messages.length === 0 || !end) return;
    this.#pending = [];
    this.#pendingBytes = 0;
    const most = this.#sender?.batch?.most ?? messages.length;
    for (let at = 0; at < messages.length; at += most) {
      if (!(await this.#deliver(messages.slice(at, at + most)))) return;
    }
    cursor.write(end);
    const old = Math.min(bytes, this.#backlog);
    this.#backlog -= old;
    this.#post({ type: 'shipped', key: this.#spec.key, bytes: bytes - old });
    this.#progress();
  }

  /** False if it ended before they were sent. */
  async #deliver(messages: LogMessage[]): Promise<boolean> {
    const { signal } = this.#stop;
    for (let tries = 1, delay = 0; !signal.aborted; tries++) {
      try {
        this.#sender ??= await this.#open(this.#spec.context, { eager: false, signal });
        await this.#sender.send(messages, signal);
        this.#inTrouble = false;
        return true;
      } catch (error) {
        const retry = this.#sender?.retry ?? RETRY;
        if (!signal.aborted && !this.#inTrouble) this.#trouble('output cannot be sent', error);
        this.#inTrouble = true;
        if (tries >= retry.tries) {
          this.#trouble('output is given up', error, { records: messages.length });
          return true;
        }
        delay = delay === 0 ? retry.first : Math.min(delay * retry.factor, retry.longest);
        await sleep(delay, undefined, { signal }).catch(() => {});
      }
    }
    return false;
  }

  /** Something got there: after the end, a receiver that stops is waited for anew. */
  #progress(): void {
    clearTimeout(this.#giveUp);
    if (!this.#growth.ended) return;
    this.#giveUp = setTimeout(() => {
      this.#trouble('the last output did not get to its receiver', undefined, { bytes: this.#pendingBytes });
      this.#stop.abort();
    }, GIVE_UP_MS);
  }

  #trouble(message: string, error: unknown, fields: Record<string, number> = {}): void {
    const { context, driver } = this.#spec;
    const why = error === undefined ? {} : { error: messageOf(error) };
    this.#post({ type: 'trouble', message, fields: { container: context.id, driver, ...why, ...fields } });
  }
}

function toMessage({ stream, time, line, partial }: LogRecord): LogMessage {
  const end = line[line.length - 1] === NEWLINE ? line.length - 1 : line.length;
  const message: LogMessage = { stream, time: parseTime(time) ?? 0n, line: line.subarray(0, end) };
  return partial ? { ...message, partial } : message;
}
