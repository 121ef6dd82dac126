import { messageOf } from '../../base/mod.ts';
import type { ProgressMessage } from '../../spec/docker/mod.ts';
import type { Output } from './reply.ts';

/**
 * The stream of progress records of pull and its like. Records arrive without waiting for the client; while it has
 * no room, a figure of a layer replaces the one that waits, so that a stalled client costs a bounded amount.
 */
export class ProgressStream {
  readonly #out: Output;
  #waiting: ProgressMessage[] = [];
  #writing: Promise<void> | undefined;

  constructor(out: Output) {
    this.#out = out;
  }

  /** Queues a record. Never throws: a client that is gone is the signal's matter. */
  readonly push = (message: ProgressMessage): void => {
    const last = this.#waiting.findLastIndex(
      (waiting) => waiting.id !== undefined && waiting.id === message.id,
    );
    const before = this.#waiting[last];
    if (before && isFigure(before) && isFigure(message) && before.status === message.status) {
      this.#waiting[last] = message;
    } else {
      this.#waiting.push(message);
    }
    this.#writing ??= this.#drain();
  };

  /** Resolves when everything was written. */
  async end(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** Says within the stream that it failed: its status is long sent. */
  async fail(error: unknown): Promise<void> {
    const message = messageOf(error);
    this.push({ errorDetail: { message }, error: message });
    await this.end();
  }

  async #drain(): Promise<void> {
    // One turn later, so that records of one moment share a write.
    await Promise.resolve();
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting;
        this.#waiting = [];
        await this.#out.write(batch.map((message) => `${JSON.stringify(message)}\r\n`).join(''));
      }
    } catch {
      // The client is gone.
      this.#waiting = [];
    } finally {
      this.#writing = undefined;
    }
  }
}

function isFigure({ progressDetail }: ProgressMessage): boolean {
  return progressDetail?.current !== undefined;
}

/** Runs `work` with a sink for its records. Compat: until the first record an error is an ordinary answer. */
export async function streamProgress(
  out: Output,
  work: (push: (message: ProgressMessage) => void) => Promise<void>,
): Promise<void> {
  const progress = new ProgressStream(out);
  let began = false;
  try {
    await work((message) => {
      began = true;
      progress.push(message);
    });
  } catch (error) {
    if (!began) throw error;
    await progress.fail(error);
  }
  await progress.end();
}
