import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, messageOf } from '../../base/mod.ts';
import { type ChainId, hexOf } from '../../spec/digest.ts';
import { bootId } from '../../sys/mod.ts';
import { type Layout, layerRecordPath } from '../layout.ts';
import type { DiskThread } from './disk-thread.ts';
import { UNSYNCED } from './layer-db.ts';
import { readOptional } from './overlay-directory.ts';

/** Layers of one pull come within this time of each other, and are synced together. */
const SETTLE_MS = 250;

/**
 * Durable without waiting: a new layer is marked as not synced, in the data-root and in the exec-root; one syncfs for a
 * batch takes the marks away. A mark in the data-root alone, at start, means that the machine went down before that.
 */
export class Durability {
  readonly #layout: Layout;
  readonly #disk: DiskThread;
  readonly #log: Logger;
  readonly #pending = new Set<ChainId>();
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #writing: Promise<void> | undefined;

  constructor(layout: Layout, disk: DiskThread, log: Logger) {
    this.#layout = layout;
    this.#disk = disk;
    this.#log = log;
  }

  /** True while something is not known to be durable. */
  get pending(): boolean {
    return this.#pending.size > 0;
  }

  /** A layer is about to be recorded. Its mark in the data-root comes with the record. `note` follows, or `forget`. */
  begin(chainId: ChainId): void {
    writeFileSync(join(this.#layout.unsynced, hexOf(chainId)), bootId());
  }

  /** A layer that is in its place and carries the mark waits for the next batch; one under way does not count for it. */
  note(chainId: ChainId): void {
    this.#pending.add(chainId);
    this.#soon();
  }

  /** Syncs soon, and calls `done` when all that is written now is durable. */
  afterSync(done: () => void): void {
    this.#waiting.push(done);
    this.#soon();
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.sync().catch(() => {}), SETTLE_MS);
    this.#timer.unref();
  }

  /**
   * Begins to write to disk what was staged, for a `sync` that comes later: it then waits for the rest only. One at a
   * time; nobody hears of a failure, which the sync itself will have too.
   */
  writeBack(): void {
    this.#writing ??= this.#disk
      .call('sync', { path: this.#layout.overlay })
      .catch(() => {})
      .then(() => {
        this.#writing = undefined;
      });
  }

  /** A layer is gone. */
  forget(chainId: ChainId): void {
    this.#pending.delete(chainId);
    rmSync(join(this.#layout.unsynced, hexOf(chainId)), { force: true });
  }

  /** Only the daemon died, not the machine, since this layer was marked. */
  survived(chainId: ChainId): boolean {
    return readOptional(join(this.#layout.unsynced, hexOf(chainId))) === bootId();
  }

  /** Everything that was there when this was called is durable when it resolves. */
  async sync(): Promise<void> {
    // A run under way may have begun before the latest layer.
    await this.#running?.catch(() => {});
    this.#running ??= this.#syncOnce().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /** Makes what is pending durable; nothing of it is under way any more when this resolves. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running?.catch(() => {});
    if (this.#pending.size > 0 || this.#waiting.length > 0) await this.sync().catch(() => {});
    clearTimeout(this.#timer);
  }

  async #syncOnce(): Promise<void> {
    clearTimeout(this.#timer);
    const batch = [...this.#pending];
    const waiting = this.#waiting.splice(0);
    try {
      await this.#disk.call('sync', { path: this.#layout.overlay });
    } catch (error) {
      this.#waiting.unshift(...waiting);
      this.#log.error('new layers could not be synced', { error: messageOf(error) });
      throw error;
    }
    for (const chainId of batch) {
      rmSync(join(layerRecordPath(this.#layout, chainId), UNSYNCED), { force: true });
      rmSync(join(this.#layout.unsynced, hexOf(chainId)), { force: true });
      this.#pending.delete(chainId);
    }
    for (const done of waiting) done();
  }
}
