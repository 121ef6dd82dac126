import type { ChainId, Digest } from '../../../spec/digest.ts';

/**
 * Layers on their way out: the tar of each, put together again from its files and its tar-split, so that it has the
 * diffID it came with. All work is done in worker threads, with memory that does not depend on the layer's size. Who
 * reads holds the layer (`retain`) meanwhile. Unknown layers: `not-found`; damaged ones: `corrupt`, naming layer and
 * file: for content that was altered only at the end, since it is the diffID that tells.
 */
export interface LayerTars {
  /** Why the layer cannot be whole, as far as that is seen without reading its files; undefined if it may be. */
  look(chainId: ChainId): Promise<string | undefined>;
  /** Bytes of the layer's tar, without reading its files. */
  measure(chainId: ChainId): Promise<number>;
  /**
   * The tar, bit by bit. Each piece is valid until the next one is asked for. Leaving the loop early, or the signal
   * (`cancelled`), closes everything.
   */
  read(chainId: ChainId, options?: { signal?: AbortSignal }): AsyncGenerator<Uint8Array, void, void>;
  /**
   * The tar as one gzip stream, compressed on all cores; always the same bytes for the same layer, while the engine is
   * the same. Pieces stay valid. `onRead` hears how many bytes of tar went in. Gives digest and size in the end.
   */
  gzip(
    chainId: ChainId,
    options?: { signal?: AbortSignal; onRead?: (bytes: number) => void },
  ): AsyncGenerator<Uint8Array, GzipResult, void>;
}

export interface GzipResult {
  digest: Digest;
  /** Compressed bytes. */
  size: number;
}
