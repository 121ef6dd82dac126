import type { Reply } from './reply.ts';

/**
 * A connection that a route takes over: after `accept` it is a pipe of bytes in both directions, each with an end of
 * its own. Used by attach, and by exec's start.
 */
export interface Hijack {
  /** The client asked for it by an Upgrade header; otherwise it gets a 200 instead of a 101. */
  readonly upgraded: boolean;
  /** Aborts when the client is gone, not when it merely ended its input. */
  readonly signal: AbortSignal;
  /** What the client sends after its request, until it half-closes. May be iterated once. */
  readonly input: AsyncIterable<Uint8Array>;
  /**
   * Sends the head. `framed` says that several streams are multiplexed; `repeatHeaders` sends the headers of other
   * answers too (Compat: exec does, attach does not).
   */
  accept(options: { contentType: string; repeatHeaders: boolean }): void;
  /** Sends a head of another protocol as it is; `end` half-closes after it. */
  switchTo(head: string, options?: { end: boolean }): void;
  /** An ordinary answer instead of the hijack; the connection ends. */
  reply(reply: Reply): Promise<void>;
  /** A bare head and text instead of the hijack; the connection ends. Compat: attach's errors. */
  refuse(status: number, contentType: string, text: string): void;
  /** Resolves when there is room for more; rejects when the client is gone. */
  write(data: Uint8Array): Promise<void>;
  /** Half-closes: everything written is still delivered. Idempotent. */
  end(): void;
}

export const RAW_STREAM = 'application/vnd.docker.raw-stream';
export const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream';

/** The token by which the front marks a client that hijacks without asking. */
export const SILENT_UPGRADE = 'minke-hijack';
