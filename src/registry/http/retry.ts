import { AnswerError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { TransportError } from './transport-error.ts';

/** A peer that hangs is asked once more, so that the sum of waits stays bounded. */
const MAX_STALLS = 2;
const RETRYABLE_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Counts the failures of one piece of work and paces its tries. */
export class Retry {
  readonly #limits: Limits;
  readonly #signal: AbortSignal | undefined;
  #failures = 0;
  #stalls = 0;

  constructor(limits: Limits, signal?: AbortSignal) {
    this.#limits = limits;
    this.#signal = signal;
  }

  /** There was progress: earlier failures do not count any more. */
  reset(): void {
    this.#failures = 0;
    this.#stalls = 0;
  }

  /** Returns when it is time for another try; throws `error` if there is to be none. */
  async pause(error: unknown): Promise<void> {
    const delay = this.#delay(error);
    if (delay === undefined) throw error;
    await sleep(delay, this.#signal);
    if (this.#signal?.aborted) throw error;
  }

  #delay(error: unknown): number | undefined {
    const { attempts, backoffMs, maxBackoffMs, maxRetryAfterMs } = this.#limits;
    if (this.#signal?.aborted || ++this.#failures >= attempts) return undefined;
    const backoff =
      Math.min(maxBackoffMs, backoffMs * 2 ** (this.#failures - 1)) * (0.75 + Math.random() / 2);
    if (error instanceof AnswerError) {
      if (!RETRYABLE_STATUS.has(error.status)) return undefined;
      const wanted = error.retryAfterMs ?? 0;
      return wanted > maxRetryAfterMs ? undefined : Math.max(wanted, backoff);
    }
    if (!(error instanceof TransportError)) return undefined;
    switch (error.failure) {
      case 'reset':
        return error.firstContact && this.#failures > 1 ? undefined : backoff;
      case 'refused':
      case 'lookup':
      case 'unreachable':
        return error.firstContact ? undefined : backoff;
      case 'stalled':
        return ++this.#stalls >= MAX_STALLS ? undefined : backoff;
      default:
        return undefined;
    }
  }
}

/** Runs `work` until it succeeds, fails for good, or used up its attempts. */
export async function retrying<T>(
  limits: Limits,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const retry = new Retry(limits, signal);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      await retry.pause(error);
    }
  }
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = () => resolve();
  const timer = setTimeout(wake, ms);
  signal?.addEventListener('abort', wake, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', wake);
  });
}
