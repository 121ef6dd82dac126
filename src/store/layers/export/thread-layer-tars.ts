import { isEngineError } from '../../../base/mod.ts';
import type { ChainId } from '../../../spec/digest.ts';
import { ExportPool } from './export-pool.ts';
import { gzipLayer } from './gzip-stream.ts';
import type { LayerSource } from './layer-tar.ts';
import type { GzipResult, LayerTars } from './layer-tars.ts';
import { TarReading } from './tar-reader.ts';

const PIECE = 512 * 1024;
const PIECES = 4;

/** `LayerTars` on a pool of threads. */
export class ThreadLayerTars implements LayerTars {
  readonly pool = new ExportPool();
  readonly #source: (chainId: ChainId) => LayerSource;

  readonly #onDamage: (chainId: ChainId, why: string) => void;

  /** `source` finds a layer's files; throws `not-found`. `onDamage` hears of layers that were found damaged. */
  constructor(
    source: (chainId: ChainId) => LayerSource,
    onDamage: (chainId: ChainId, why: string) => void = () => {},
  ) {
    this.#source = source;
    this.#onDamage = onDamage;
  }

  async look(chainId: ChainId): Promise<string | undefined> {
    return await this.pool.call('look', { source: this.#source(chainId) });
  }

  async measure(chainId: ChainId): Promise<number> {
    return await this.#noting(chainId, () => this.pool.call('measure', { source: this.#source(chainId) }));
  }

  async *read(
    chainId: ChainId,
    { signal }: { signal?: AbortSignal } = {},
  ): AsyncGenerator<Uint8Array, void, void> {
    await using tar = new TarReading(this.pool, this.#source(chainId), { pieces: PIECES, bytes: PIECE });
    const next = () => this.#noting(chainId, () => tar.next(signal));
    for (let piece = await next(); piece; piece = await next()) {
      yield new Uint8Array(piece.buffer, 0, piece.length);
      tar.recycle(piece.buffer);
    }
  }

  async *gzip(
    chainId: ChainId,
    options: { signal?: AbortSignal; onRead?: (bytes: number) => void } = {},
  ): AsyncGenerator<Uint8Array, GzipResult, void> {
    try {
      return yield* gzipLayer(this.pool, this.#source(chainId), options);
    } catch (error) {
      this.#note(chainId, error);
      throw error;
    }
  }

  close(): void {
    this.pool.close();
  }

  async #noting<T>(chainId: ChainId, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#note(chainId, error);
      throw error;
    }
  }

  #note(chainId: ChainId, error: unknown): void {
    if (isEngineError(error, 'corrupt')) this.#onDamage(chainId, error.message);
  }
}
