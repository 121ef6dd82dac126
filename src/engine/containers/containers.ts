import type { LogRecord, OutputChunk } from '../../logs/mod.ts';
import type {
  ContainerConfig,
  ContainerInspect,
  ContainerStats,
  ContainerSummary,
  EndpointSettings,
  HostConfig,
  NetworkingConfig,
} from '../../spec/docker/mod.ts';
import type { Platform } from '../../spec/platform.ts';
import type { Filters } from '../filters.ts';
import type { UpdateRequest } from './request/merge-update.ts';
import type { ProcessList } from './top/ps-output.ts';

/**
 * The container verbs. A *ref* is what a user types: a full id, a unique prefix of one, or a name (with or without
 * the leading slash). Unknown: `not-found` `No such container: x`. Errors carry Docker's sentences.
 *
 * A client's hang-up cancels `wait`, `attach`, `logs` and `stats`, which take a `signal`; it never cancels the others.
 */
export interface Containers {
  create(request: ContainerCreateRequest): Promise<{ id: string; warnings: string[] }>;
  /** `not-modified` if it runs already. */
  start(ref: string): Promise<void>;
  /** Stop signal, a grace of `timeoutSeconds` (-1 = no end), then SIGKILL. `not-modified` if it does not run. */
  stop(ref: string, options: { timeoutSeconds?: number; signal?: string }): Promise<void>;
  restart(ref: string, options: { timeoutSeconds?: number; signal?: string }): Promise<void>;
  /** `signal` is a name with or without SIG, or a number; default SIGKILL. */
  kill(ref: string, signal: string | undefined): Promise<void>;
  pause(ref: string): Promise<void>;
  unpause(ref: string): Promise<void>;
  rename(ref: string, name: string): Promise<void>;
  /** Changes limits and the restart policy; zero values stay as they are. */
  update(ref: string, asked: UpdateRequest): Promise<{ warnings: string[] }>;
  /** Puts it into a network, at once if it runs. */
  connect(ref: string, network: string, settings: Partial<EndpointSettings>): Promise<void>;
  disconnect(ref: string, network: string, options: { force: boolean }): Promise<void>;
  remove(ref: string, options: { force: boolean; volumes: boolean; link: boolean }): Promise<void>;
  prune(filters: Filters): Promise<{ deleted: string[]; spaceReclaimed: number }>;
  /** Resolves once the wait is registered (the API then sends its head); `exit` resolves at the awaited moment. */
  wait(
    ref: string,
    condition: WaitCondition,
    options: { signal: AbortSignal },
  ): Promise<{ exit: Promise<WaitResult> }>;
  resize(ref: string, height: number, width: number): Promise<void>;
  attach(ref: string, options: AttachOptions): Promise<AttachSession>;
  /** Rejects before the first record where the driver cannot be read. */
  logs(ref: string, options: LogsOptions): Promise<{ tty: boolean; records: AsyncIterable<LogRecord> }>;
  /** Samples of what it uses. */
  stats(ref: string, options: StatsOptions): AsyncIterable<ContainerStats>;
  /** Its processes by the host's `ps` with these arguments, parted by blanks; '' = `-ef`. */
  top(ref: string, psArgs: string): Promise<ProcessList>;
  /** The newest shape. */
  inspect(ref: string, options: { size: boolean }): Promise<ContainerInspect>;
  list(options: ContainerListOptions): Promise<ContainerSummary[]>;
}

export interface ContainerCreateRequest {
  /** undefined or '' = a generated one. */
  name?: string;
  config: ContainerConfig;
  hostConfig: HostConfig;
  networkingConfig: NetworkingConfig;
  platform?: Platform;
  /** Read-only bind mounts do not reach into what is mounted below them (clients before API 1.44 expect that). */
  defaultReadOnlyNonRecursive?: boolean;
}

export const WAIT_CONDITIONS = ['not-running', 'next-exit', 'removed'] as const;
export type WaitCondition = (typeof WAIT_CONDITIONS)[number];

export interface WaitResult {
  statusCode: number;
  error?: string;
}

export interface AttachOptions {
  /** Send live output. */
  stream: boolean;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Send what was logged before. */
  logs: boolean;
  /** e.g. `ctrl-p,ctrl-q`; undefined = the daemon's default. */
  detachKeys?: string;
}

export interface AttachSession {
  tty: boolean;
  /** Ends when the container ends, the client closes, or the detach keys were typed. */
  output: AsyncIterable<OutputChunk>;
  /** Input of the container; does nothing where stdin was not asked for or is not open. Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  /** The client half-closed: end of its input. */
  endInput(): Promise<void>;
  /** The client is gone. Idempotent. */
  close(): void;
}

export interface LogsOptions {
  stdout: boolean;
  stderr: boolean;
  follow: boolean;
  /** undefined = all. */
  tail?: number;
  /** Nanoseconds since 1970. */
  since?: bigint;
  until?: bigint;
  signal: AbortSignal;
}

export interface StatsOptions {
  /** One a second, without end. */
  stream: boolean;
  /** The one sample, without waiting for a second one. */
  oneShot: boolean;
  signal: AbortSignal;
}

export interface ContainerListOptions {
  all: boolean;
  /** The newest n, of any state; 0 or less = no limit. */
  limit: number;
  size: boolean;
  filters: Filters;
}
