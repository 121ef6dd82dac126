import { join } from 'node:path';
import { EngineError, type Logger, messageOf, newId } from '../../../base/mod.ts';
import type { Digest } from '../../../spec/digest.ts';
import { removeTreeAsync } from '../../../sys/mod.ts';
import type { Layout } from '../../layout.ts';
import type { StagedLayer, StageRequest } from '../layer-store.ts';
import { KeptStages } from './kept-stages.ts';
import type { JobResult } from './layer-job.ts';
import { SharedStage } from './shared-stage.ts';
import { StagePool } from './stage-pool.ts';

/** Turns requests into directories in the staging area; a blob that is asked for twice at once is staged once. */
export class Stager {
  readonly kept: KeptStages;
  readonly #area: string;
  readonly #log: Logger;
  readonly #pool: StagePool;
  readonly #maxUnpacked: number | undefined;
  /** By digest and diffID. */
  readonly #running = new Map<string, { shared: SharedStage; done: Promise<unknown> }>();
  /** What second requests got: they have no directory, and are staged only if the first's layer is not theirs. */
  readonly #again = new WeakMap<StagedLayer, StageRequest>();

  /** `maxUnpacked`: bytes that a layer may unpack to. */
  constructor(layout: Layout, log: Logger, maxUnpacked: number | undefined) {
    this.#maxUnpacked = maxUnpacked;
    this.#area = layout.staging;
    this.#log = log;
    this.#pool = new StagePool(log);
    this.kept = new KeptStages(layout);
  }

  /** Shares the work with requests for the same blob, if its source can be opened for all of them. */
  async stage(request: StageRequest): Promise<StagedLayer> {
    const { digest, diffId, source } = request;
    if (digest === undefined || typeof source !== 'function') return await this.#stage(request);
    const key = `${digest} ${diffId ?? ''}`;
    let running = this.#running.get(key);
    // Race: what was just cancelled must have let go of its spool.
    for (; running?.shared.aborted; running = this.#running.get(key)) await running.done;
    running ??= this.#begin(key, request);
    const { staged, isOwner } = await running.shared.join(request);
    if (isOwner) return staged;
    const again: StagedLayer = { ...staged, directory: '' };
    this.#again.set(again, request);
    return again;
  }

  /** What a second request asked for, if another had the layer before it. */
  askedAgain(staged: StagedLayer): StageRequest | undefined {
    return this.#again.get(staged);
  }

  close(): void {
    this.#pool.close();
  }

  #begin(key: string, request: StageRequest): { shared: SharedStage; done: Promise<unknown> } {
    const shared = new SharedStage();
    const work = shared.start(request, (all) => this.#stage(all));
    const ended = (staged?: StagedLayer) => {
      this.#running.delete(key);
      if (staged && shared.isUnclaimed) this.kept.keep(staged);
    };
    const running = { shared, done: work.then(ended, () => ended()) };
    this.#running.set(key, running);
    return running;
  }

  async #stage(request: StageRequest): Promise<StagedLayer> {
    const { digest, diffId, size, source } = request;
    const kept = digest && typeof source === 'function' && this.kept.take(digest, diffId);
    if (kept) {
      request.onDownloaded?.(size ?? 0);
      return kept;
    }
    using _turn = await request.turns?.take(() => request.onWaiting?.(), request.signal);
    if (request.signal?.aborted) throw new EngineError('cancelled', 'context canceled');
    const directory = join(this.#area, newId());
    const staged: StagedLayer = { ...(await this.#unpack(request, directory)), directory };
    if (request.repository !== undefined) staged.repository = request.repository;
    // What nobody can name (an import, a commit) nobody can go on from: after a crash it is garbage.
    if (digest !== undefined) this.kept.record(staged);
    return staged;
  }

  async #unpack(request: StageRequest, directory: string): Promise<JobResult> {
    const { digest, size, source } = request;
    using spool = digest && typeof source === 'function' ? this.kept.spool(digest, size) : undefined;
    try {
      return await this.#once(request, directory, spool?.path, spool?.bytes ?? 0);
    } catch (error) {
      const damaged = error instanceof EngineError && (error.code === 'corrupt' || error.code === 'invalid');
      if (!damaged || !spool || spool.bytes === 0) throw error;
      // The worker removed the spool. If it was that which was wrong, all is well without it.
      this.#log.info('a blob is fetched anew', { digest: digest as Digest, reason: error.message });
      return await this.#once(request, directory, spool.path, 0);
    }
  }

  async #once(
    { digest, diffId, size, source, onDownloaded, onExtracted, signal }: StageRequest,
    directory: string,
    spool: string | undefined,
    replay: number,
  ): Promise<JobResult> {
    try {
      const result = await this.#pool.run(
        { directory, digest, diffId, size, maxUnpacked: this.#maxUnpacked, spool, replay },
        { source, onDownloaded, onExtracted, signal },
      );
      if (signal?.aborted) throw new EngineError('cancelled', 'context canceled');
      return result;
    } catch (error) {
      // The worker has removed it, unless it was the worker that failed.
      await removeTreeAsync(directory).catch((reason: unknown) => {
        this.#log.warn('a staging directory stays until the next start', { error: messageOf(reason) });
      });
      throw error;
    }
  }
}
