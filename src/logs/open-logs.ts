import { closeSync } from 'node:fs';
import { type ContainerId, EngineError, type Logger } from '../base/mod.ts';
import type { LogConfig } from '../spec/docker/mod.ts';
import { descriptorsFree } from '../sys/mod.ts';
import { Background } from './background.ts';
import { DEFAULT_LIMITS, type FileLimits } from './driver/file-options.ts';
import { checkDriver, DRIVER_NAMES } from './driver/options.ts';
import { replaceByCompressed } from './files/generations.ts';
import { readablePlace } from './log-place.ts';
import type { LogQuery, LogRecord, LogSource, Logs, LogTarget, Subscription } from './logs.ts';
import { inDriver, leftPlain, planSource } from './plan-source.ts';
import type { FromPump, SourceSpec } from './pump/protocol.ts';
import { PumpThread } from './pump-thread.ts';
import { Growth } from './read/growth.ts';
import { readRecords } from './read/read-records.ts';
import { Audience } from './subscribe/audience.ts';

export interface LogsOptions {
  log: Logger;
  /** What json-file does where the container's options do not say. */
  limits?: FileLimits;
  /** How long the pump's thread is kept when no container is registered. */
  idleMs?: number;
}

const IDLE_MS = 30_000;
const RESTART_MS = 1_000;
/** A container's end is told before its receiver has all, if that takes longer. Compat: Docker waits up to ten seconds. */
const SENDING_MS = 2_000;
/** A worker and a container's files need far less; the rest is for whom it hits without warning. */
const RESERVE = 64;

/** What is known of one container: its clients may come before its registration. */
interface Entry {
  id: ContainerId;
  audience: Audience;
  growth: Growth;
  /** Set while it is registered. */
  spec?: SourceSpec;
  /** Its records go to a receiver. */
  ships?: boolean;
  /** The thread that knows of it: after the loss of one it takes a second until the next does. */
  thread?: PumpThread;
  ending?: Promise<void>;
}

/** Opens the room: no thread and no descriptor is used before the first `register`. */
export function openLogs(options: LogsOptions): Logs {
  return new LogRoom(options);
}

class LogRoom implements Logs {
  readonly drivers = [...DRIVER_NAMES];
  readonly #log: Logger;
  readonly #limits: FileLimits;
  readonly #idleMs: number;
  readonly #entries = new Map<ContainerId, Entry>();
  readonly #byKey = new Map<number, Entry>();
  readonly #background: Background;
  #thread: PumpThread | undefined;
  #ended: Promise<void> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;
  #lastKey = 0;
  #closed = false;

  constructor(options: LogsOptions) {
    this.#log = options.log;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#idleMs = options.idleMs ?? IDLE_MS;
    this.#background = new Background(
      this.#log,
      {
        follow: (key) => this.#thread?.send({ type: 'follow', key }),
        shipped: (key, bytes) => this.#thread?.send({ type: 'shipped', key, bytes }),
        compressed: (copy) => this.#place(copy),
      },
      this.#idleMs,
    );
  }

  async validate(config: LogConfig): Promise<void> {
    await checkDriver(config, this.#limits);
  }

  async register(source: LogSource): Promise<void> {
    let handedOver = false;
    try {
      const entry = this.#entry(source.id);
      const plan = planSource(source, ++this.#lastKey, this.#limits).catch(inDriver);
      const { spec, ship } = await plan;
      if (entry.spec)
        throw new EngineError('conflict', `logs of container ${source.id} are already being read`);
      entry.spec = spec;
      entry.ships = ship !== undefined;
      this.#byKey.set(spec.key, entry);
      clearTimeout(this.#idle);
      try {
        if (ship) await this.#background.open(ship).catch(inDriver);
        const thread = await this.#running();
        handedOver = true;
        await this.#hand(entry, spec, thread);
        if (leftPlain(spec)) this.#background.compress(spec.path, spec.driver.format);
      } catch (error) {
        this.#background.abandon(spec.key);
        this.#forget(entry);
        throw error;
      }
    } finally {
      if (!handedOver && source.ptyMaster !== undefined) closeSync(source.ptyMaster);
    }
  }

  async drain(id: ContainerId): Promise<void> {
    if (this.#closed) throw new EngineError('cancelled', 'the daemon is shutting down');
    await this.#end(id, 'drain');
  }

  async unregister(id: ContainerId): Promise<void> {
    await this.#end(id, 'unregister');
  }

  subscribe(id: ContainerId): Subscription {
    if (this.#closed) throw new EngineError('unavailable', 'the daemon is shutting down');
    return this.#entry(id).audience.add();
  }

  read(target: LogTarget, query: LogQuery): AsyncIterable<LogRecord> {
    const place = readablePlace(target, this.#limits);
    const entry = this.#entries.get(target.id);
    return readRecords(place, query, query.follow && entry?.spec ? entry.growth : undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread) this.#ended = thread.close();
    await this.#ended;
    await this.#background.close();
    for (const entry of [...this.#entries.values()]) this.#forget(entry);
  }

  #entry(id: ContainerId): Entry {
    const known = this.#entries.get(id);
    if (known) return known;
    const entry: Entry = {
      id,
      audience: new Audience(
        (epoch) => {
          if (entry.spec) this.#thread?.send({ type: 'watch', key: entry.spec.key, epoch });
          else if (epoch === 0 && this.#entries.get(id) === entry) this.#entries.delete(id);
        },
        (epoch, bytes) => {
          if (entry.spec) this.#thread?.send({ type: 'ack', key: entry.spec.key, epoch, bytes });
        },
      ),
      growth: new Growth(() => {
        if (entry.spec) this.#thread?.send({ type: 'follow', key: entry.spec.key });
      }),
    };
    this.#entries.set(id, entry);
    return entry;
  }

  async #end(id: ContainerId, type: 'drain' | 'unregister'): Promise<void> {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.ending ??= this.#endEntry(entry, type);
    await entry.ending;
  }

  async #endEntry(entry: Entry, type: 'drain' | 'unregister'): Promise<void> {
    try {
      const { spec, thread } = entry;
      if (!spec || !thread) return;
      try {
        await thread.call({ type, key: spec.key });
      } catch (error) {
        if (this.#closed) throw new EngineError('cancelled', 'the daemon is shutting down', { cause: error });
        if (type === 'unregister' || thread === this.#thread || !spec.stdio) throw error;
        // The thread was lost, and what is in the pipes was not.
        const next = await this.#running();
        await this.#hand(entry, spec, next);
        await next.call({ type, key: spec.key });
      }
      await this.#endSending(entry, spec, type);
    } finally {
      this.#forget(entry);
    }
  }

  /** The container's end waits a little for its receiver to have all, so that `run` and a look there agree. */
  async #endSending(entry: Entry, { key }: SourceSpec, type: 'drain' | 'unregister'): Promise<void> {
    if (!entry.ships) return;
    if (type === 'unregister') {
      this.#background.abandon(key);
      return;
    }
    const sent = this.#background.end(key).catch((error: unknown) => {
      if (!this.#closed) this.#log.error('output of a container is not sent', { container: entry.id, error });
    });
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, SENDING_MS);
    await Promise.race([sent, late.promise]);
    clearTimeout(timer);
  }

  #place(copy: { path: string; identity: string; copy: string }): void {
    if (this.#thread) {
      this.#thread.send({ type: 'compressed', ...copy });
      return;
    }
    // Nobody rotates.
    try {
      replaceByCompressed(copy.path, copy.identity, copy.copy);
    } catch (error) {
      this.#log.warn('rotated log cannot be compressed', { path: copy.path, error });
    }
    this.#background.placed();
  }

  async #hand(entry: Entry, source: SourceSpec, thread: PumpThread): Promise<void> {
    entry.thread = thread;
    await thread.call({ type: 'register', source, epoch: entry.audience.epoch });
    // Race: who asked to hear of growth before the pump knew of it asked nobody.
    this.#grown(source.key);
  }

  /** Clients keep what they have not taken yet; followers read to the end. */
  #forget(entry: Entry): void {
    if (this.#entries.get(entry.id) === entry) this.#entries.delete(entry.id);
    if (entry.spec) this.#byKey.delete(entry.spec.key);
    delete entry.spec;
    delete entry.ships;
    delete entry.thread;
    entry.audience.end();
    entry.growth.end();
    if (this.#byKey.size === 0 && this.#thread && !this.#closed) {
      clearTimeout(this.#idle);
      this.#idle = setTimeout(() => this.#rest(), this.#idleMs);
      this.#idle.unref();
    }
  }

  #rest(): void {
    if (this.#byKey.size > 0 || !this.#thread) return;
    this.#ended = this.#thread.close();
    this.#thread = undefined;
  }

  async #running(): Promise<PumpThread> {
    if (!this.#thread) await this.#ended;
    if (this.#closed) throw new EngineError('unavailable', 'the daemon is shutting down');
    if (!descriptorsFree(RESERVE)) {
      throw new EngineError(
        'unavailable',
        'too many open files: no descriptors left for the output of a container',
      );
    }
    this.#thread ??= new PumpThread(
      (message) => this.#hear(message),
      (reason) => this.#revive(reason),
    );
    return this.#thread;
  }

  #hear(message: FromPump): void {
    if (message.type === 'trouble') {
      this.#log.warn(message.message, message.fields);
    } else if (message.type === 'chunk') {
      const { stream, data } = message;
      this.#byKey.get(message.key)?.audience.push(message.epoch, { stream, data });
    } else if (message.type === 'grown') {
      this.#grown(message.key);
    } else if (message.type === 'rotated') {
      this.#background.compress(message.path, message.format);
    } else if (message.type === 'placed') {
      this.#background.placed();
    }
  }

  #grown(key: number): void {
    this.#byKey.get(key)?.growth.grown();
    this.#background.grown(key);
  }

  /** The pump died of a fault of ours. What was in the FIFOs still is; a terminal's descriptor went with it. */
  #revive(reason: string): void {
    this.#thread = undefined;
    this.#log.error('log pump ended, starting it again', { reason });
    const entries = [...this.#byKey.values()];
    for (const entry of entries) if (!entry.spec?.stdio) this.#forget(entry);
    setTimeout(async () => {
      for (const entry of entries) {
        if (!entry.spec || this.#closed || entry.ending) continue;
        try {
          await this.#hand(entry, entry.spec, await this.#running());
        } catch (error) {
          this.#log.error('output of a container is not read any more', { container: entry.id, error });
          this.#forget(entry);
        }
      }
    }, RESTART_MS).unref();
  }
}
