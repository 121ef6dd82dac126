import { closeSync, openSync } from 'node:fs';
import { EngineError } from '../../base/mod.ts';
import { growPipe, openPipe, readInto, splice, tee, wallClock } from '../../sys/mod.ts';
import { RecordEncoder } from '../json-file/encoder.ts';
import { Stamp } from '../json-file/stamp.ts';
import { LineEncoders } from './line-encoder.ts';
import { OpenFiles } from './open-files.ts';
import type { FromPump } from './protocol.ts';

/** Bytes looked at in one step. Small enough for the processor's cache, large enough to pay for seven calls. */
export const BATCH = 256 * 1024;
const PAGE = 4096;
const DEFAULT_PIPE = 64 * 1024;
const OPEN_LOGS = 256;

/** What all containers of the pump share, since only one of them is worked on at a time. */
export class Workbench implements Disposable {
  readonly #stamp = new Stamp(wallClock);
  readonly #json = new RecordEncoder(this.#stamp, BATCH);
  /** Where output is looked at; all encoders read from here. */
  readonly input: Uint8Array = this.#json.input;
  readonly encoders = new LineEncoders(this.#stamp, this.#json);
  readonly files = new OpenFiles(OPEN_LOGS);
  readonly post: (message: FromPump) => void;
  readonly #nowhere = openSync('/dev/null', 'w');
  readonly #large = peekPipe(BATCH);
  readonly #small = peekPipe(DEFAULT_PIPE);

  constructor(post: (message: FromPump) => void) {
    this.post = post;
  }

  /**
   * A pipe to look at bytes through, with no more slots than a staging FIFO of `capacity` has: what fits into the
   * one fits into the other.
   */
  peekPipe(capacity: number): PeekPipe {
    return capacity >= this.#large.capacity ? this.#large : this.#small;
  }

  /**
   * Copies the head of `pipe`, up to `most` bytes, to the start of `input`; the pipe keeps it. Gives how
   * much that is. A writer with O_DIRECT makes packets, of which a read gives one: the peek pipe is emptied whatever
   * it takes, since the next container looks through it too.
   */
  look(pipe: number, peek: PeekPipe, most: number): number {
    const { input } = this;
    const shown = tee(pipe, peek.writer, Math.min(most, input.length));
    let count = 0;
    while (count < shown) {
      const read = readInto(peek.reader, input.subarray(count, shown));
      if (read <= 0)
        throw new EngineError('internal', `peek pipe gave ${read} after ${count} of ${shown} bytes`);
      count += read;
    }
    return count;
  }

  /** Throws `bytes` of a pipe away; gives how many there were. */
  discard(pipe: number, bytes: number): number {
    let gone = 0;
    while (gone < bytes) {
      const count = splice(pipe, this.#nowhere, bytes - gone);
      if (count <= 0) break;
      gone += count;
    }
    return gone;
  }

  trouble(message: string, fields: Record<string, string | number>): void {
    this.post({ type: 'trouble', message, fields });
  }

  [Symbol.dispose](): void {
    this.files.closeAll();
    closeSync(this.#nowhere);
    for (const pipe of [this.#large, this.#small]) {
      closeSync(pipe.reader);
      closeSync(pipe.writer);
    }
  }
}

export interface PeekPipe {
  reader: number;
  writer: number;
  capacity: number;
}

function peekPipe(capacity: number): PeekPipe {
  const pipe = openPipe();
  const got = growPipe(pipe.reader, capacity);
  return { ...pipe, capacity: Math.max(PAGE, Math.min(got, capacity)) };
}
