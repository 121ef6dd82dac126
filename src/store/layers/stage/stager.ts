import { join } from 'node:path';
import { EngineError, type Logger, messageOf, newId } from '../../../base/mod.ts';
import { removeTreeAsync } from '../../../sys/mod.ts';
import type { StagedLayer, StageRequest } from '../layer-store.ts';
import { StagePool } from './stage-pool.ts';

/** Turns requests into directories in the staging area; a blob that is asked for twice at once is staged once. */
export class Stager {
  readonly #area: string;
  readonly #log: Logger;
  readonly #pool: StagePool;
  readonly #maxUnpacked: number | undefined;
  /** By digest and diffID: a second request waits for the first. */
  readonly #running = new Map<string, Promise<StagedLayer>>();
  /** What second requests got: they have no directory, and are staged only if the first's layer is not theirs. */
  readonly #again = new WeakMap<StagedLayer, StageRequest>();

  /** `maxUnpacked`: bytes that a layer may unpack to. */
  constructor(area: string, log: Logger, maxUnpacked: number | undefined) {
    this.#maxUnpacked = maxUnpacked;
    this.#area = area;
    this.#log = log;
    this.#pool = new StagePool(log);
  }

  async stage(request: StageRequest): Promise<StagedLayer> {
    if (request.digest === undefined) return await this.#stage(request);
    const key = `${request.digest} ${request.diffId ?? ''}`;
    for (let running = this.#running.get(key); running; running = this.#running.get(key)) {
      const first = await orAborted(
        running.catch(() => undefined),
        request.signal,
      );
      if (!first) continue;
      const again: StagedLayer = { ...first, directory: '' };
      this.#again.set(again, request);
      request.onDownloaded?.(request.size ?? 0);
      return again;
    }
    const work = this.#stage(request);
    this.#running.set(key, work);
    try {
      return await work;
    } finally {
      this.#running.delete(key);
    }
  }

  /** Gives it a directory of its own, if it has none since another request was before it. */
  async own(staged: StagedLayer): Promise<StagedLayer> {
    const again = this.#again.get(staged);
    return again ? await this.#stage(again) : staged;
  }

  close(): void {
    this.#pool.close();
  }

  async #stage(request: StageRequest): Promise<StagedLayer> {
    const directory = join(this.#area, newId());
    const { digest, diffId, size, source, onDownloaded, onExtracted, signal } = request;
    try {
      const result = await this.#pool.run(
        { directory, digest, diffId, size, maxUnpacked: this.#maxUnpacked },
        { bytes: source, onDownloaded, onExtracted, signal },
      );
      if (signal?.aborted) throw new EngineError('cancelled', 'context canceled');
      const staged: StagedLayer = { ...result, directory };
      if (request.repository !== undefined) staged.repository = request.repository;
      return staged;
    } catch (error) {
      // The worker has removed it, unless it was the worker that failed.
      await removeTreeAsync(directory).catch((reason: unknown) => {
        this.#log.warn('a staging directory stays until the next start', { error: messageOf(reason) });
      });
      throw error;
    }
  }
}

/** Waits for `work`, but no longer than until the signal. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new EngineError('cancelled', 'context canceled'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
