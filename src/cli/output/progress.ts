import type { ProgressMessage } from '../../spec/docker/mod.ts';
import { humanSize } from './units.ts';

interface Out {
  readonly isTerminal: boolean;
  columns(): number;
  write(text: string): void;
}

const BAR_FROM_COLUMNS = 110;
const BAR_CELLS = 50;

/**
 * Shows the records of a pull: one living line a layer on a terminal, elsewhere one line for each change of state
 * and none for figures. Compat: docker's `jsonmessage`.
 */
export class ProgressDisplay {
  readonly #out: Out;
  readonly #columns: number;
  /** Line of each layer, counted from the first. */
  #lines = new Map<string, number>();

  constructor(out: Out) {
    this.#out = out;
    this.#columns = out.columns() || 200;
  }

  /** Shows one record; throws the failure that it tells of. */
  show(message: ProgressMessage): void {
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) throw new Error(failure);
    if (message.aux !== undefined) return;
    const figures = this.#figures(message);
    if (this.#out.isTerminal) this.#out.write(this.#onTerminal(message, figures));
    else if (figures === '') this.#out.write(line(message));
  }

  #onTerminal(message: ProgressMessage, figures: string): string {
    const { id, progressDetail } = message;
    if (!id || !progressDetail) {
      // What is said in between stays where it is: the lines above it are finished.
      this.#lines = new Map();
      return line(message);
    }
    let at = this.#lines.get(id);
    let text = '';
    if (at === undefined) {
      at = this.#lines.size;
      this.#lines.set(id, at);
      text = '\n';
    }
    const up = this.#lines.size - at;
    return `${text}\x1b[${up}A\x1b[2K\r${id}: ${message.status ?? ''} ${figures}\r\x1b[${up}B`;
  }

  #figures({ progressDetail }: ProgressMessage): string {
    const { current = 0, total = 0, units } = progressDetail ?? {};
    if (current <= 0 && total <= 0) return '';
    if (total <= 0) return units ? `${current} ${units}` : humanSize(current).padStart(8);
    const filled = Math.min(BAR_CELLS, Math.trunc((current / total) * 100) >> 1);
    const bar =
      this.#columns > BAR_FROM_COLUMNS ? `[${`${'='.repeat(filled)}>`.padEnd(BAR_CELLS + 1)}] ` : '';
    if (units) return `${bar}${current}/${total} ${units}`;
    const now = humanSize(current).padStart(8);
    return current > total ? `${bar}${now}` : `${bar}${now}/${humanSize(total)}`;
  }
}

function line({ id, status, stream }: ProgressMessage): string {
  const prefix = id ? `${id}: ` : '';
  return stream ? `${prefix}${stream}` : `${prefix}${status ?? ''}\n`;
}
