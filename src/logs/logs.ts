import type { ContainerId } from '../base/mod.ts';
import type { LogConfig } from '../spec/docker/mod.ts';

/**
 * What containers say: one pump thread moves all output from the FIFOs to the log driver and to attached clients
 * (design section 3, "The pipe is the journal"). Register a container before it starts.
 */
export interface Logs {
  /** Begins (or, after a daemon restart, goes on) to pump a container's output. Resolves when its FIFOs are open. */
  register(source: LogSource): Promise<void>;
  /**
   * After the process was reaped: reads what is left, flushes the unfinished line, ends all subscriptions. Resolves
   * when all of it is in the driver. The container is unregistered. `cancelled` at a shutdown: the rest stays in the
   * pipes for the next daemon.
   */
  drain(id: ContainerId): Promise<void>;
  /** Lets go at once, without reading on (a failed start). Idempotent. */
  unregister(id: ContainerId): Promise<void>;
  /** Live output for one attached client, from now on; may come before `register`. Ends when the container does. */
  subscribe(id: ContainerId): Subscription;
  /** Past and, with `follow`, future records: of the file driver, or of the cache of one that sends. */
  read(target: LogTarget, query: LogQuery): AsyncIterable<LogRecord>;
  /** Names of the log drivers that work, for `docker info`. */
  readonly drivers: string[];
  /** Checks driver and options; rejects with `invalid` in Docker's words (`logger: no log driver named 'x' is registered`). */
  validate(config: LogConfig): Promise<void>;
  /** Stops the pump; bytes stay in the pipes for the next daemon. */
  close(): Promise<void>;
}

export interface LogSource extends LogTarget {
  /** FIFO paths; undefined with a terminal. */
  stdio?: { stdout: string; stderr: string; staging: string };
  /** A descriptor of this process; the pump takes it over and closes it. */
  ptyMaster?: number;
  /** A small file in the exec-root for the pump's note of the batch under way. */
  notePath: string;
  /** What tags and attributes are made of; without it there are none, and no receiver. */
  about?: ContainerAbout;
  /** The container runs already, under an earlier daemon: a receiver that is away is waited for. */
  resumed?: boolean;
}

/** What log drivers say of a container. */
export interface ContainerAbout {
  id: string;
  /** Without the leading slash. */
  name: string;
  path: string;
  args: readonly string[];
  imageId: string;
  imageName: string;
  /** RFC 3339. */
  created: string;
  env: readonly string[];
  labels: Record<string, string>;
}

export interface LogTarget {
  id: ContainerId;
  config: LogConfig;
  /** `<data-root>/containers/<id>/<id>-json.log`. */
  path: string;
  /** `<data-root>/containers/<id>`, where other drivers have their files. */
  directory: string;
  tty: boolean;
}

/** The consumer pulls; while it does not, at most 1 MB is kept and then this container waits for it. */
export interface Subscription extends AsyncIterable<OutputChunk> {
  /** The client is gone: nothing waits for it any more. Idempotent. */
  close(): void;
}

export interface OutputChunk {
  stream: 'stdout' | 'stderr';
  data: Uint8Array;
}

export interface LogQuery {
  stdout: boolean;
  stderr: boolean;
  follow: boolean;
  /** Number of last lines; undefined = all. */
  tail?: number;
  /** Nanoseconds since 1970, inclusive. */
  since?: bigint;
  until?: bigint;
  signal?: AbortSignal;
}

export interface LogRecord {
  stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds, UTC, as the driver wrote it. */
  time: string;
  /** With its newline, unless it is a part of a line longer than 16 KiB or an unfinished one. */
  line: Uint8Array;
  attrs?: Record<string, string>;
  /** Set of each part of a line that was longer than 16 KiB, by a driver that keeps it. */
  partial?: PartialLine;
}

/** One part of a long line. */
export interface PartialLine {
  /** The same for all parts of a line. */
  id: string;
  /** From 1. */
  ordinal: number;
  last: boolean;
}
