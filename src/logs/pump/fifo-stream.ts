import { bytesWaiting, readInto } from '../../sys/mod.ts';
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
    return this.#take(this.#bench.input.length, false) > 0;
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
    const { writer, staging } = this.#journal;
    let count = this.#look(this.#journal.peek, most);
    if (count === 0) return 0;
    let taken = writer.moveLines(this.#name, 0, count, final && count === most, this.fd, staging);
    const waiting = taken === 0 ? bytesWaiting(this.fd) : 0;
    if (waiting > count) {
      // Race: the writer went on meanwhile, or the line is in more and smaller pieces than the peek pipe can show.
      count = this.#look(this.#journal.peek, most);
      taken = writer.moveLines(this.#name, 0, count, final && count === most, this.fd, staging);
      const shownAll = count >= Math.min(waiting, most, this.#bench.input.length);
      if (taken === 0 && !shownAll) taken = writer.moveLines(this.#name, 0, count, true, this.fd, staging);
    }
    this.#seen -= taken;
    return taken;
  }

  /** Copies the head of the FIFO into the encoder's input and hands over what of it is new. Gives its length. */
  #look(peek: PeekPipe, most: number): number {
    const count = this.#bench.look(this.fd, peek, most);
    if (count > this.#seen) {
      if (this.#handover.watched) {
        this.#handover.give(this.#name, this.#bench.input.subarray(this.#seen, count));
      }
      this.#seen = count;
    }
    return count;
  }

  #pass(most: number): number {
    if (!this.#handover.watched) return this.#bench.discard(this.fd, most);
    const input = this.#bench.input;
    const count = readInto(this.fd, input.subarray(0, Math.min(most, input.length)));
    if (count > 0) this.#handover.give(this.#name, input.subarray(0, count));
    return Math.max(0, count);
  }
}
