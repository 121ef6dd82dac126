import { constants, createGunzip, createGzip, createZstdDecompress, type Gunzip } from 'node:zlib';

/** What of `node:zlib` is used below its documented surface. Node 10 to 26 and Bun 1.4 have the same. */
interface Handle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number,
  ): void;
  onerror: (message: string, errno: number, code: string) => void;
  close(): void;
}

/**
 * Runs zlib or zstd synchronously into one buffer that is used again and again.
 * Why not the streams: each chunk takes a trip through the thread pool and a fresh buffer of output; for a layer that
 * is as much time as inflating it. Why not inflateSync: it wants all input at once.
 */
export class SyncZlib {
  readonly #handle: Handle;
  /** What is left of output and input after a step. */
  readonly #left: Uint32Array;
  readonly #output: Buffer;
  readonly #finish: number;
  #error: string | undefined;
  #ended = false;

  constructor(kind: 'gunzip' | 'zstd' | 'gzip', output: Buffer) {
    const stream =
      kind === 'gunzip'
        ? createGunzip()
        : kind === 'gzip'
          ? createGzip({ level: 1 })
          : createZstdDecompress();
    const inner = stream as unknown as Gunzip & { _handle: Handle; _writeState: Uint32Array };
    this.#handle = inner._handle;
    this.#left = inner._writeState;
    this.#output = output;
    this.#finish = kind === 'zstd' ? constants.ZSTD_e_end : constants.Z_FINISH;
    this.#handle.onerror = (message) => {
      this.#error = message;
    };
  }

  /** Feeds `input`; `onOutput` gets views of the output buffer, each to be used before it returns. */
  write(input: Uint8Array, onOutput: (bytes: Buffer) => void): void {
    let at = 0;
    // What follows the end of the last gzip member is padding (zeros) and is ignored, as gzip(1) does.
    while (!this.#ended && at < input.length) {
      const left = this.#step(constants.Z_NO_FLUSH, input, at, onOutput);
      at = input.length - left.input;
      if (left.output > 0) {
        this.#ended = left.input > 0;
        return;
      }
    }
    // The output was full to the brim: there may be more of it inside.
    if (!this.#ended) this.#drain(constants.Z_NO_FLUSH, onOutput);
  }

  /** No more input. Throws if the stream is not complete. */
  end(onOutput: (bytes: Buffer) => void): void {
    if (!this.#ended) this.#drain(this.#finish, onOutput);
  }

  close(): void {
    this.#handle.close();
  }

  #drain(flush: number, onOutput: (bytes: Buffer) => void): void {
    while (this.#step(flush, EMPTY, 0, onOutput).output === 0);
  }

  #step(flush: number, input: Uint8Array, at: number, onOutput: (bytes: Buffer) => void) {
    const { length } = this.#output;
    this.#handle.writeSync(flush, input, at, input.length - at, this.#output, 0, length);
    if (this.#error !== undefined) throw new Error(DOCKERS_WORDS[this.#error] ?? this.#error);
    const left = { output: this.#left[0] ?? 0, input: this.#left[1] ?? 0 };
    if (left.output < length) onOutput(this.#output.subarray(0, length - left.output));
    return left;
  }
}

const EMPTY = new Uint8Array(0);

/** Compat: as Go's reader says it. */
const DOCKERS_WORDS: Record<string, string> = { 'unexpected end of file': 'unexpected EOF' };
