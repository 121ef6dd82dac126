import { createHash } from 'node:crypto';
import type { Digest } from '../../../spec/digest.ts';
import type { ExportPool } from './export-pool.ts';
import type { LayerSource } from './layer-tar.ts';
import type { GzipResult } from './layer-tars.ts';
import { TarReading } from './tar-reader.ts';

/** Bytes of tar in one gzip member. */
const PIECE = 1 << 20;
/** Pieces of one layer under way: enough to keep four cores busy with a single layer. */
const PIECES = 6;

/** See `LayerTars.gzip`. The tar comes from one thread; its pieces are compressed by all. */
export async function* gzipLayer(
  pool: ExportPool,
  source: LayerSource,
  options: { signal?: AbortSignal; onRead?: (bytes: number) => void },
): AsyncGenerator<Uint8Array, GzipResult, void> {
  const hash = createHash('sha256');
  const deflating: Promise<Uint8Array>[] = [];
  let read = 0;
  let size = 0;
  await using tar = new TarReading(pool, source, { pieces: PIECES, bytes: PIECE });
  const deflate = async (buffer: ArrayBuffer, length: number): Promise<Uint8Array> => {
    const result = await pool.call('deflate', { buffer, length }, { transfer: [buffer] });
    tar.recycle(result.buffer);
    return result.member;
  };
  const take = async (): Promise<Uint8Array> => {
    const member = (await deflating.shift()) ?? new Uint8Array(0);
    hash.update(member);
    size += member.length;
    return member;
  };
  try {
    for (let piece = await tar.next(options.signal); piece; piece = await tar.next(options.signal)) {
      read += piece.length;
      options.onRead?.(read);
      const member = deflate(piece.buffer, piece.length);
      member.catch(() => {});
      deflating.push(member);
      // The last buffers but one are waited for, so that the tar is never short of one to fill.
      if (deflating.length >= PIECES - 1) yield await take();
    }
    // Nothing at all is no gzip stream: it needs one member.
    if (read === 0) deflating.push(deflate(new ArrayBuffer(0), 0));
    while (deflating.length > 0) yield await take();
  } finally {
    await Promise.allSettled(deflating);
  }
  return { digest: `sha256:${hash.digest('hex')}` as Digest, size };
}
