import { EngineError } from '../../../base/mod.ts';
import { SyncZlib } from './sync-zlib.ts';

/** Turns the bytes of a blob into those of its tar, synchronously. */
export interface Decompressor {
  write(input: Buffer, onOutput: (bytes: Buffer) => void): void;
  /** Throws if the compressed stream is not complete. */
  end(onOutput: (bytes: Buffer) => void): void;
  close(): void;
}

const MAGIC_LENGTH = 6;
const UNSUPPORTED: [string, string][] = [
  ['425a68', 'bzip2'],
  ['fd377a585a00', 'xz'],
];

/**
 * Finds out what the blob is by its first bytes. Compat: Docker does so too and does not believe media types, which
 * are wrong often enough. `window` gets all output; also that of a blob which is not compressed.
 */
export class SniffingDecompressor implements Decompressor {
  readonly #window: Buffer;
  #head = Buffer.alloc(0);
  #inner: Decompressor | undefined;

  constructor(window: Buffer) {
    this.#window = window;
  }

  write(input: Buffer, onOutput: (bytes: Buffer) => void): void {
    if (this.#inner) {
      this.#inner.write(input, onOutput);
      return;
    }
    this.#head = Buffer.concat([this.#head, input]);
    if (this.#head.length < MAGIC_LENGTH) return;
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

  #begin(): Decompressor {
    const hex = this.#head.toString('hex', 0, MAGIC_LENGTH);
    const unsupported = UNSUPPORTED.find(([magic]) => hex.startsWith(magic));
    if (unsupported)
      throw new EngineError('unimplemented', `layers compressed by ${unsupported[1]} are not supported`);
    if (hex.startsWith('1f8b')) this.#inner = new SyncZlib('gunzip', this.#window);
    else if (hex.startsWith('28b52ffd') || /^5[0-9a-f]2a4d18/.test(hex))
      this.#inner = new SyncZlib('zstd', this.#window);
    else this.#inner = copyInto(this.#window);
    return this.#inner;
  }
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
