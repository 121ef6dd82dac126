/** How long and how often; each can be set, so that tests need not wait. */
export interface Limits {
  /** From the start of a request until the head of its answer. */
  headMs: number;
  /** The same for a mirror, where another one can be asked. */
  mirrorHeadMs: number;
  /** From the end of an upload until the registry has put it in its place, which may mean a copy of all of it. */
  commitMs: number;
  /** Longest wait for the next piece of a body. */
  stallMs: number;
  /** Tries for one request, or for one blob without a megabyte of progress. */
  attempts: number;
  /** First pause between two tries; it doubles. */
  backoffMs: number;
  maxBackoffMs: number;
  /** A registry that asks for a longer pause than this (`Retry-After`) is not waited for. */
  maxRetryAfterMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  headMs: 20_000,
  mirrorHeadMs: 10_000,
  commitMs: 300_000,
  stallMs: 30_000,
  attempts: 5,
  backoffMs: 200,
  maxBackoffMs: 5_000,
  maxRetryAfterMs: 15_000,
};
