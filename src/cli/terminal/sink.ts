import { nodeFs } from '../lazy-node.ts';
import { isTerminal } from './is-terminal.ts';

const EPIPE_EXIT = 141;

/** Where a command's words go. */
export interface Output {
  readonly isTerminal: boolean;
  /** Writes all of it before returning: for the few lines of a command. */
  write(text: string | Uint8Array): void;
  /** Writes all of it without stopping signals and sockets: for output of unknown length. */
  stream(bytes: Uint8Array): Promise<void>;
  /** Columns of the terminal, 0 if it is none. */
  columns(): number;
}

/**
 * Standard output or error. Why not: `process.stdout`. Loading it costs more CPU than a whole `run`, and its writes
 * to a pipe are lost when the process exits.
 */
export class Sink implements Output {
  readonly fd: number;
  #terminal: boolean | undefined;

  constructor(fd: number) {
    this.fd = fd;
  }

  get isTerminal(): boolean {
    this.#terminal ??= isTerminal(this.fd);
    return this.#terminal;
  }

  write(text: string | Uint8Array): void {
    let rest = typeof text === 'string' ? Buffer.from(text) : text;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(nodeFs().writeSync(this.fd, rest));
      } catch (error) {
        this.#survive(error);
      }
    }
  }

  async stream(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(await writeSome(this.fd, rest));
      } catch (error) {
        this.#survive(error);
      }
    }
  }

  columns(): number {
    if (!this.isTerminal) return 0;
    const stream = this.fd === 2 ? process.stderr : process.stdout;
    return stream.columns ?? 0;
  }

  #survive(error: unknown): void {
    const code = (error as { code?: unknown }).code;
    if (code === 'EPIPE') process.exit(EPIPE_EXIT); // Compat: SIGPIPE ends the docker CLI, 128 + 13 in a shell
    if (code !== 'EAGAIN') throw error;
    // Race: another process may have made this file description non-blocking.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  }
}

function writeSome(fd: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    nodeFs().write(fd, bytes, 0, bytes.length, null, (error, written) =>
      error ? reject(error) : resolve(written),
    );
  });
}
