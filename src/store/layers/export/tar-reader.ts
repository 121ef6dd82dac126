import { EngineError } from '../../../base/mod.ts';
import type { ExporterThread, ExportPool } from './export-pool.ts';
import type { TarSource } from './protocol.ts';

/** A piece of a tar; `buffer` may hold more than the `length` bytes that are meant. */
export interface TarPiece {
  buffer: ArrayBuffer;
  length: number;
}

let lastTar = 0;

/**
 * Reads one tar in an export thread, a few pieces ahead of who asks for them. Each piece is given back by
 * `recycle` when it was used: memory is that of `pieces` buffers. Dispose of it (`await using`).
 */
export class TarReading implements AsyncDisposable {
  readonly #pool: ExportPool;
  readonly #thread: ExporterThread;
  /** The tar is open in it: it must not end. */
  readonly #held: Disposable;
  readonly #tar = ++lastTar;
  readonly #opened: Promise<unknown>;
  /** Pieces that are being filled, in order. */
  readonly #ahead: Promise<TarPiece>[] = [];
  #over = false;

  constructor(pool: ExportPool, source: TarSource, size: { pieces: number; bytes: number }) {
    this.#pool = pool;
    this.#thread = pool.pick();
    this.#held = this.#thread.hold();
    this.#opened = pool.call('open', { tar: this.#tar, source }, { thread: this.#thread });
    this.#opened.catch(() => {});
    for (let i = 0; i < size.pieces; i++) this.recycle(new ArrayBuffer(size.bytes));
  }

  /** The next piece; undefined at the end, when all of a layer's tar is known to be right. */
  async next(signal?: AbortSignal): Promise<TarPiece | undefined> {
    await this.#opened;
    const piece = await this.#ahead.shift();
    if (signal?.aborted) throw new EngineError('cancelled', 'context canceled');
    if (piece && piece.length > 0) return piece;
    this.#over = true;
    return undefined;
  }

  /** The buffer of a piece is free: the next bytes go there. */
  recycle(buffer: ArrayBuffer): void {
    if (this.#over) return;
    const filled = this.#pool.call(
      'fill',
      { tar: this.#tar, buffer },
      { thread: this.#thread, transfer: [buffer] },
    );
    filled.catch(() => {});
    this.#ahead.push(filled);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await Promise.allSettled(this.#ahead);
    await this.#pool.call('close', { tar: this.#tar }, { thread: this.#thread }).catch(() => {});
    this.#held[Symbol.dispose]();
  }
}
