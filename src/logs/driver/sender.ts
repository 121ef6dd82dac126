import type { PartialLine } from '../logs.ts';

/** One record on its way to a receiver. */
export interface LogMessage {
  stream: 'stdout' | 'stderr';
  /** Nanoseconds since 1970. */
  time: bigint;
  /** Without its newline. */
  line: Uint8Array;
  partial?: PartialLine;
}

/** What a driver knows of the container; plain data, for it crosses to another thread. */
export interface SenderContext {
  options: Record<string, string>;
  id: string;
  /** Without the leading slash. */
  name: string;
  imageId: string;
  imageName: string;
  /** RFC 3339. */
  created: string;
  command: string;
  /** The rendered `tag`. */
  tag: string;
  /** Labels and variables that were asked for. */
  attrs: Record<string, string>;
  hostname: string;
}

/** One container's way to its receiver. */
export interface Sender {
  /** The driver wants them in batches: at most so many, waited for so long (milliseconds) after the first. */
  readonly batch?: { most: number; linger: number };
  /**
   * Resolves when the receiver has them, or the kernel on its behalf. Rejects where they did not get there; the caller
   * tries again, and what had got there may come twice.
   */
  send(messages: LogMessage[], signal: AbortSignal): Promise<void>;
  /** How the caller waits between two tries. */
  readonly retry?: { first: number; factor: number; longest: number; tries: number };
  /** Resolves when what was sent has left; never rejects. */
  close(): Promise<void>;
}

/** Opens the way. With `eager` a receiver that is not there is an error, in Docker's words; else it is found later. */
export type OpenSender = (
  context: SenderContext,
  options: { eager: boolean; signal: AbortSignal },
) => Promise<Sender>;
