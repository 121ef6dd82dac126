import type { Compression } from '../../../spec/compression.ts';
import type { StagedLayer } from '../../layers/layer-store.ts';

/**
 * An archive of images that was read to its end: its documents are in memory, what looks like layers is staged or
 * known already. Names are those that a document in the archive uses; its links are followed, inside of it only.
 * Disposing of it (`await using`) throws away what nobody took.
 */
export interface ImageArchive extends AsyncDisposable {
  /** True if there is such a file. Throws `invalid` for links that go in circles. */
  has(path: string): boolean;
  /**
   * A small file's bytes, undefined if there is no such file; at most `maxBytes`. Throws `corrupt` for a larger one,
   * naming `what`.
   */
  document(path: string, what: string, maxBytes: number): Buffer | undefined;
  /**
   * The file at `path` as a staged layer, to be committed or discarded by who takes it. Rejects with `invalid` if there
   * is none or it is no layer. What it is, nobody has checked: compare its digests with what the image says.
   */
  takeLayer(path: string, options: TakeOptions): Promise<StagedLayer>;
}

export interface TakeOptions {
  /** Bytes of the file unpacked so far, and all; not called if that was done while the archive was read. */
  onProgress?: (current: number, total: number) => void;
  signal?: AbortSignal;
}

export interface ReadOptions {
  /** A file is being unpacked: its name, bytes so far and all. */
  onLayer?: (path: string, current: number, total: number) => void;
  signal?: AbortSignal;
}

/** Archives of images: `docker save`'s, OCI layouts, with whatever compression. */
export interface ArchiveStore {
  /**
   * Reads an archive in one pass, in bounded memory. Rejects with `invalid` for what is no archive or has hostile
   * members, with `cancelled`, or with what `source` threw; nothing stays behind then.
   */
  read(source: AsyncIterable<Uint8Array>, options: ReadOptions): Promise<ImageArchive>;
  /** Undoes the compressions in `kinds` and passes everything else on. Rejects with `invalid` for broken streams. */
  inflate(source: AsyncIterable<Uint8Array>, kinds: readonly Compression[]): AsyncIterable<Uint8Array>;
}
