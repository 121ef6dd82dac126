import { EngineError, type Logger } from '../base/mod.ts';
import { descriptorsFree } from '../sys/mod.ts';
import { BackgroundThread } from './background-thread.ts';
import type { FormatName } from './files/record-format.ts';
import type { FromBackground, ShipSpec } from './ship/protocol.ts';

const RESTART_MS = 1_000;
/** A worker needs far less; the rest is for whom it hits without warning. */
const RESERVE = 64;

/** What the pump's side has to hear of. */
export interface BackgroundEvents {
  follow(key: number): void;
  shipped(key: number, bytes: number): void;
  compressed(copy: { path: string; identity: string; copy: string }): void;
}

/** What is done behind the pump: one thread, while there is something to send or to compress. */
export class Background {
  readonly #log: Logger;
  readonly #events: BackgroundEvents;
  readonly #idleMs: number;
  readonly #ships = new Map<number, ShipSpec>();
  /** Files that are being compressed. */
  #compressing = 0;
  #thread: BackgroundThread | undefined;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(log: Logger, events: BackgroundEvents, idleMs: number) {
    this.#log = log;
    this.#events = events;
    this.#idleMs = idleMs;
  }

  /** Begins to send a container's records. Rejects, in Docker's words, where its receiver must be there and is not. */
  async open(ship: ShipSpec): Promise<void> {
    this.#ships.set(ship.key, ship);
    try {
      await this.#running().call({ type: 'open', ship });
    } catch (error) {
      this.#forget(ship.key);
      throw error;
    }
  }

  grown(key: number): void {
    if (this.#ships.has(key)) this.#thread?.send({ type: 'grown', key });
  }

  /** The log is complete. Resolves when all of it is sent, or given up. */
  async end(key: number): Promise<void> {
    if (!this.#ships.has(key)) return;
    try {
      await this.#running().call({ type: 'end', key });
    } finally {
      this.#forget(key);
    }
  }

  abandon(key: number): void {
    if (!this.#ships.has(key)) return;
    this.#thread?.send({ type: 'abandon', key });
    this.#forget(key);
  }

  /** Compresses the rotated files of a log. */
  compress(path: string, format: FormatName): void {
    if (this.#closed) return;
    try {
      this.#running().send({ type: 'compress', path, format });
    } catch (error) {
      this.#log.warn('rotated log is not compressed', { path, error });
    }
    this.#rest();
  }

  /** The copy that was told of has its place. */
  placed(): void {
    this.#compressing--;
    this.#thread?.send({ type: 'placed' });
    this.#rest();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    this.#ships.clear();
    await this.#thread?.close();
  }

  #forget(key: number): void {
    this.#ships.delete(key);
    this.#rest();
  }

  #rest(): void {
    clearTimeout(this.#idle);
    if (this.#ships.size > 0 || this.#closed) return;
    this.#idle = setTimeout(() => {
      if (this.#ships.size > 0 || this.#compressing > 0) return;
      this.#thread?.close();
      this.#thread = undefined;
    }, this.#idleMs);
    this.#idle.unref();
  }

  #running(): BackgroundThread {
    if (this.#closed) throw new EngineError('unavailable', 'the daemon is shutting down');
    if (!this.#thread && !descriptorsFree(RESERVE)) {
      throw new EngineError('unavailable', 'too many open files: no descriptors left to send output');
    }
    this.#thread ??= new BackgroundThread(
      (message) => this.#hear(message),
      (reason) => this.#revive(reason),
    );
    return this.#thread;
  }

  #hear(message: FromBackground): void {
    if (message.type === 'trouble') this.#log.warn(message.message, message.fields);
    else if (message.type === 'follow') this.#events.follow(message.key);
    else if (message.type === 'shipped') this.#events.shipped(message.key, message.bytes);
    else if (message.type === 'compressed') {
      this.#compressing++;
      this.#events.compressed(message);
    }
  }

  /** It died of a fault of ours. What it has not sent is in the files. */
  #revive(reason: string): void {
    this.#thread = undefined;
    this.#compressing = 0;
    this.#log.error('the thread that sends output ended, starting it again', { reason });
    setTimeout(async () => {
      for (const ship of [...this.#ships.values()]) {
        if (this.#closed) return;
        await this.open({ ...ship, resumed: true }).catch((error: unknown) => {
          this.#log.error('output of a container is not sent any more', {
            container: ship.context.id,
            error,
          });
        });
      }
    }, RESTART_MS).unref();
  }
}
