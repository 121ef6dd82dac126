import type { TreeCalls } from '../../rootfs/files/tree-calls.ts';
import type { TreeTarSource } from '../../rootfs/files/tree-tar.ts';
import type { LayerSource } from './layer-tar.ts';

/** What a tar is read from: a layer's, put together again, or a tree as it is. */
export type TarSource = LayerSource | TreeTarSource;

/** What an export worker does; each call has one answer. Buffers travel: whoever holds one may touch it. */
export type ExportCalls = TreeCalls & {
  /** Opens a tar under `tar`, a number of the caller's. */
  open: { args: { tar: number; source: TarSource }; result: null };
  /** Fills `buffer` with the tar's next bytes; `length` 0 = it is over, and a layer's verified. */
  fill: { args: { tar: number; buffer: ArrayBuffer }; result: { buffer: ArrayBuffer; length: number } };
  /** Closes a tar. Idempotent. */
  close: { args: { tar: number }; result: null };
  /** Compresses the first `length` bytes of `buffer`; gives it back. */
  deflate: {
    args: { buffer: ArrayBuffer; length: number };
    result: { buffer: ArrayBuffer; member: Uint8Array<ArrayBuffer> };
  };
  /** Bytes of the layer's tar. */
  measure: { args: { source: LayerSource }; result: number };
  /** Why the layer cannot be whole, as far as that is seen without reading it. */
  look: { args: { source: LayerSource }; result: string | undefined };
};
