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
  readonly #pool = new ExportPool();
  readonly #source: (chainId: ChainId) => LayerSource;

  /** `source` finds a layer's files; throws `not-found`. */
  constructor(source: (chainId: ChainId) => LayerSource) {
    this.#source = source;
  }

  async measure(chainId: ChainId): Promise<number> {
    return await this.#pool.call(this.#pool.pick(), 'measure', { source: this.#source(chainId) });
  }

  async *read(
    chainId: ChainId,
    { signal }: { signal?: AbortSignal } = {},
  ): AsyncGenerator<Uint8Array, void, void> {
    await using tar = new TarReading(this.#pool, this.#source(chainId), { pieces: PIECES, bytes: PIECE });
    for (let piece = await tar.next(signal); piece; piece = await tar.next(signal)) {
      yield new Uint8Array(piece.buffer, 0, piece.length);
      tar.recycle(piece.buffer);
    }
  }

  async *gzip(
    chainId: ChainId,
    options: { signal?: AbortSignal; onRead?: (bytes: number) => void } = {},
  ): AsyncGenerator<Uint8Array, GzipResult, void> {
    return yield* gzipLayer(this.#pool, this.#source(chainId), options);
  }

  close(): void {
    this.#pool.close();
  }
}
