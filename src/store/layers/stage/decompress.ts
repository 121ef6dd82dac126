import { EngineError } from '../../../base/mod.ts';
import { COMPRESSION_HEAD, compressionOf } from '../../../spec/compression.ts';
import { ZstdFrames } from '../../../spec/zstd-frames.ts';
import { SyncZlib } from './sync-zlib.ts';

/** Turns the bytes of a blob into those of its tar, synchronously. */
export interface Decompressor {
  write(input: Buffer, onOutput: (bytes: Buffer) => void): void;
  /** Throws if the compressed stream is not complete. */
  end(onOutput: (bytes: Buffer) => void): void;
  close(): void;
}

/**
 * Finds out what the blob is by its first bytes. Compat: Docker does so too and does not believe media types, which
 * are wrong often enough. `window` gets all output; also that of a blob which is not compressed.
 */
export class SniffingDecompressor implements Decompressor {
  readonly #window: Buffer;
  #head = Buffer.alloc(0);
  #inner: Decompressor | undefined;
  #isPlain = false;

  constructor(window: Buffer) {
    this.#window = window;
  }

  write(input: Buffer, onOutput: (bytes: Buffer) => void): void {
    if (this.#inner) {
      this.#inner.write(input, onOutput);
      return;
    }
    this.#head = Buffer.concat([this.#head, input]);
    if (this.#head.length < COMPRESSION_HEAD) return;
    this.#begin().write(this.#head, onOutput);
    this.#head = Buffer.alloc(0);
  }

  end(onOutput: (bytes: Buffer) => void): void {
    const inner = this.#inner ?? this.#begin();
    if (this.#head.length > 0) inner.write(this.#head, onOutput);
    inner.end(onOutput);
  }

  close(): void {
    this.#inner?.close();
    this.#inner = undefined;
  }

  /** True once it is known that the blob is its tar. */
  get isPlain(): boolean {
    return this.#isPlain;
  }

  #begin(): Decompressor {
    const compression = compressionOf(this.#head);
    if (compression === 'bzip2' || compression === 'xz')
      throw new EngineError('unimplemented', `layers compressed by ${compression} are not supported`);
    this.#isPlain = compression === undefined;
    if (compression === 'gzip') this.#inner = new SyncZlib('gunzip', this.#window);
    else if (compression === 'zstd') this.#inner = wholeFrames(new SyncZlib('zstd', this.#window));
    else this.#inner = copyInto(this.#window);
    return this.#inner;
  }
}

/** Refuses a zstd stream that ends in the middle of a frame, which the inflater does not notice. */
function wholeFrames(inner: Decompressor): Decompressor {
  const frames = new ZstdFrames();
  return {
    write(input, onOutput) {
      frames.push(input);
      inner.write(input, onOutput);
    },
    end(onOutput) {
      inner.end(onOutput);
      if (!frames.isComplete) throw new Error('unexpected EOF');
    },
    close: () => inner.close(),
  };
}

function copyInto(window: Buffer): Decompressor {
  return {
    write(input, onOutput) {
      for (let at = 0; at < input.length; at += window.length) {
        const length = input.copy(window, 0, at, Math.min(input.length, at + window.length));
        onOutput(window.subarray(0, length));
      }
    },
    end() {},
    close() {},
  };
}
