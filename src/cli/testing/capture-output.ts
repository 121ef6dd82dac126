import type { Output } from '../terminal/sink.ts';

/** Keeps what a command writes. */
export class CaptureOutput implements Output {
  readonly isTerminal: boolean;
  readonly #columns: number;
  text = '';

  /** With `columns` it is a terminal. */
  constructor(columns = 0) {
    this.isTerminal = columns > 0;
    this.#columns = columns;
  }

  write(text: string | Uint8Array): void {
    this.text += typeof text === 'string' ? text : new TextDecoder().decode(text);
  }

  stream(bytes: Uint8Array): Promise<void> {
    this.write(bytes);
    return Promise.resolve();
  }

  columns(): number {
    return this.#columns;
  }
}
