import { readInto } from '../../sys/mod.ts';
import type { Handover } from './handover.ts';
import type { LogWriter } from './log-writer.ts';
import type { PumpStream } from './source.ts';
import type { Workbench } from './workbench.ts';

const NONE = new Uint8Array(0);
const READ_SIZE = 64 * 1024;
const DRAIN_LIMIT = 4 * 1024 * 1024;

/**
 * A terminal's master. It cannot be teed, so its unfinished line is kept in memory, and a kill of the daemon loses
 * that line. EIO only says that no slave is open just now: a program may open it again.
 */
export class PtyStream implements PumpStream {
  queued = false;
  readonly fd: number;
  readonly #bench: Workbench;
  readonly #handover: Handover;
  readonly #writer: LogWriter | undefined;
  #unfinished: Uint8Array = NONE;

  constructor(fd: number, bench: Workbench, handover: Handover, writer: LogWriter | undefined) {
    this.fd = fd;
    this.#bench = bench;
    this.#handover = handover;
    this.#writer = writer;
  }

  step(): boolean {
    return this.#take() > 0;
  }

  drain(): void {
    for (let total = 0; total < DRAIN_LIMIT; ) {
      const taken = this.#take();
      if (taken <= 0) break;
      total += taken;
    }
    this.flush();
  }

  /** Writes the unfinished line as it is. */
  flush(): void {
    if (this.#unfinished.length === 0) return;
    this.#bench.input.set(this.#unfinished);
    this.#writer?.writeLines('stdout', 0, this.#unfinished.length, true);
    this.#unfinished = NONE;
  }

  #take(): number {
    const input = this.#bench.input;
    const start = this.#unfinished.length;
    const count = readInto(this.fd, input.subarray(start, start + READ_SIZE));
    if (count <= 0) return 0;
    this.#handover.give('stdout', input.subarray(start, start + count));
    if (!this.#writer) return count;
    input.set(this.#unfinished);
    const at = this.#writer.writeLines('stdout', 0, start + count, false);
    this.#unfinished = at === start + count ? NONE : input.slice(at, start + count);
    return count;
  }
}
