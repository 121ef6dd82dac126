import { bytesWaiting, readInto, tee } from '../../sys/mod.ts';
import type { Handover } from './handover.ts';
import type { LogWriter } from './log-writer.ts';
import type { StreamName } from './protocol.ts';
import type { PumpStream } from './source.ts';
import type { PeekPipe, Workbench } from './workbench.ts';

/** Where a FIFO's lines go through on their way to the log. */
export interface Journal {
  writer: LogWriter;
  staging: number;
  peek: PeekPipe;
}

/** One output FIFO. With a journal an unfinished line stays in it; without (driver `none`) nothing does. */
export class FifoStream implements PumpStream {
  queued = false;
  readonly fd: number;
  readonly #name: StreamName;
  readonly #bench: Workbench;
  readonly #handover: Handover;
  readonly #journal: Journal | undefined;
  /** How many of the bytes at the FIFO's head the clients have got already, or need not get. */
  #seen = 0;

  constructor(
    fd: number,
    name: StreamName,
    bench: Workbench,
    handover: Handover,
    journal: Journal | undefined,
  ) {
    this.fd = fd;
    this.#name = name;
    this.#bench = bench;
    this.#handover = handover;
    this.#journal = journal;
  }

  step(): boolean {
    return this.#take(this.#bench.encoder.input.length, false) > 0;
  }

  /** Race: a grandchild may go on writing for ever: only what is there now is taken. */
  drain(): void {
    for (let left = bytesWaiting(this.fd); left > 0; ) {
      const taken = this.#take(left, true);
      if (taken <= 0) return;
      left -= taken;
    }
  }

  /** Takes up to `most` bytes, an unfinished line only at the end of `most` if `final`. Gives how many it took. */
  #take(most: number, final: boolean): number {
    if (!this.#journal) return this.#pass(most);
    const { writer, staging, peek } = this.#journal;
    const input = this.#bench.encoder.input;
    const shown = tee(this.fd, peek.writer, Math.min(most, input.length));
    if (shown <= 0) return 0;
    const count = readInto(peek.reader, input.subarray(0, shown));
    if (this.#handover.watched)
      this.#handover.give(this.#name, input.subarray(Math.min(this.#seen, count), count));
    let taken = writer.moveLines(this.#name, 0, count, final && count === most, this.fd, staging);
    // A line in so many tiny pieces that the peek pipe cannot show more of it: cut it here.
    if (taken === 0 && bytesWaiting(this.fd) > count && count < input.length) {
      taken = writer.moveLines(this.#name, 0, count, true, this.fd, staging);
    }
    this.#seen = Math.max(this.#seen, count) - taken;
    return taken;
  }

  #pass(most: number): number {
    if (!this.#handover.watched) return this.#bench.discard(this.fd, most);
    const input = this.#bench.encoder.input;
    const count = readInto(this.fd, input.subarray(0, Math.min(most, input.length)));
    if (count > 0) this.#handover.give(this.#name, input.subarray(0, count));
    return Math.max(0, count);
  }
}
