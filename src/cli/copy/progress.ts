import { humanSize } from '../output/units.ts';
import type { Output } from '../terminal/sink.ts';

const EVERY_MS = 75;
const SAVE = '\x1b7';
const RESTORE = '\x1b8';
const ERASE = '\x1b[2K';

/** What a copy shows of itself on a terminal, and what it says in the end. Compat: docker 28.2.2. */
export class CopyProgress {
  readonly #out: Output;
  readonly #header: string;
  readonly #timer: NodeJS.Timeout | undefined;
  bytes = 0;

  constructor(out: Output, header: string) {
    this.#out = out;
    this.#header = header;
    if (!out.isTerminal) return;
    out.write(`${SAVE}Preparing to copy...`);
    this.#show();
    this.#timer = setInterval(() => this.#show(), EVERY_MS);
  }

  /** Counts what passes. */
  async *count(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      this.bytes += piece.length;
      yield piece;
    }
  }

  /** The copy is over, well or not. */
  end(destination: string): void {
    clearInterval(this.#timer);
    if (this.#out.isTerminal) this.#out.write(`${RESTORE}${ERASE}`);
    this.#out.write(`Successfully copied ${humanSize(this.bytes, 3)} to ${destination}\n`);
  }

  #show(): void {
    this.#out.write(`${RESTORE}${ERASE}${this.#header}${humanSize(this.bytes, 3)}`);
  }
}
