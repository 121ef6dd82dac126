import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** How far a log was sent. */
export interface Position {
  /** Of the file; '' = there was none yet. */
  identity: string;
  offset: number;
}

const SIZE = 96;

/** The position of one container's records, in the exec-root, so that the next daemon goes on behind them. */
export class Cursor implements Disposable {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, 'w', 0o600);
  }

  /** Crash: before it the old one stands, and the last batch is sent again. */
  write(position: Position): void {
    writeSync(this.#fd, JSON.stringify(position).padEnd(SIZE), 0);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** What an earlier daemon wrote; undefined if there is nothing to be read. */
export function readCursor(path: string): Position | undefined {
  try {
    const { identity, offset } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    if (typeof identity !== 'string' || typeof offset !== 'number' || !(offset >= 0)) return undefined;
    return { identity, offset };
  } catch {
    return undefined;
  }
}
