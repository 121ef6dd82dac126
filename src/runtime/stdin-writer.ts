import { closeSync, constants as fsConstants, openSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { O_CLOEXEC, SysError, writeSome } from '../sys/mod.ts';
import type { StdinWriter } from './runtime.ts';

const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 20;
const { EAGAIN, EPIPE, EIO } = constants.errno;

/**
 * Writes to a non-blocking FIFO or PTY master. When it is full, tries again after a growing pause: a timer costs
 * nothing while nobody waits, and a blocked container holds up only its own client.
 */
export class DescriptorWriter implements StdinWriter {
  readonly #fd: number;
  readonly #onEnd: () => Promise<void>;
  readonly #onRelease: () => void;
  #closed = false;
  #queue: Promise<void> = Promise.resolve();

  /** Takes over `fd`. `onEnd` closes the other writing ends that we hold. */
  constructor(fd: number, onEnd: () => Promise<void>, onRelease: () => void) {
    this.#fd = fd;
    this.#onEnd = onEnd;
    this.#onRelease = onRelease;
  }

  write(bytes: Uint8Array): Promise<void> {
    const written = this.#queue.then(() => this.#writeAll(bytes));
    this.#queue = written.catch(() => {});
    return written;
  }

  async end(): Promise<void> {
    await this.#queue;
    this.#close();
    await this.#onEnd();
  }

  release(): void {
    if (this.#closed) return;
    this.#close();
    this.#onRelease();
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    for (let rest = bytes; rest.length > 0; ) {
      if (this.#closed) throw new SysError('write', EPIPE);
      const result = writeSome(this.#fd, rest);
      if (result > 0) {
        rest = rest.subarray(result);
        pause = FIRST_PAUSE_MS;
      } else if (result === -EAGAIN) {
        await sleep(pause);
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      } else {
        // A PTY whose last slave was closed says EIO.
        throw new SysError('write', result === -EIO ? EPIPE : -result);
      }
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }
}

/** A non-blocking writing end of a FIFO. Throws ENXIO while nobody has it open for reading. */
export function openFifoWriter(path: string): number {
  return openSync(path, fsConstants.O_WRONLY | fsConstants.O_NONBLOCK | O_CLOEXEC);
}
