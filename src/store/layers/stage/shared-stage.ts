import { EngineError } from '../../../base/mod.ts';
import type { StagedLayer, StageRequest } from '../layer-store.ts';

/**
 * One staging that several requests wait for. Each hears of its progress and can leave; when the last has left, the work
 * is aborted. The first of those that stayed gets the layer, the others learn what it is.
 */
export class SharedStage {
  readonly #abort = new AbortController();
  readonly #members = new Set<StageRequest>();
  #downloaded = 0;
  #waits = false;
  #work: Promise<StagedLayer> | undefined;
  #given = false;

  /** Everybody has left: it is not to be joined any more. */
  get aborted(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Begins `work` for a request like `request`. Call it once, before the first `join`. */
  start(request: StageRequest, work: (request: StageRequest) => Promise<StagedLayer>): Promise<StagedLayer> {
    this.#work = work({
      ...request,
      signal: this.#abort.signal,
      onWaiting: () => {
        this.#waits = true;
        for (const member of this.#members) member.onWaiting?.();
      },
      onDownloaded: (bytes) => {
        this.#downloaded = bytes;
        for (const member of this.#members) member.onDownloaded?.(bytes);
      },
      onExtracted: (bytes) => {
        for (const member of this.#members) member.onExtracted?.(bytes);
      },
    });
    this.#work.catch(() => {});
    return this.#work;
  }

  /** Resolves when the layer is there, with true for the one who gets it. Rejects at once with its own signal. */
  async join(request: StageRequest): Promise<{ staged: StagedLayer; isOwner: boolean }> {
    const { signal } = request;
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = () => {
      this.#members.delete(request);
      if (this.#members.size === 0) this.#abort.abort(signal?.reason);
      reject(new EngineError('cancelled', 'context canceled'));
    };
    this.#members.add(request);
    if (this.#downloaded > 0) request.onDownloaded?.(this.#downloaded);
    else if (this.#waits) request.onWaiting?.();
    if (signal?.aborted) leave();
    signal?.addEventListener('abort', leave, { once: true });
    try {
      const staged = await Promise.race([this.#work as Promise<StagedLayer>, left]);
      const isOwner = !this.#given;
      this.#given = true;
      return { staged, isOwner };
    } finally {
      signal?.removeEventListener('abort', leave);
      this.#members.delete(request);
    }
  }

  /** True if nobody took the layer. */
  get isUnclaimed(): boolean {
    return !this.#given && this.#members.size === 0;
  }
}
