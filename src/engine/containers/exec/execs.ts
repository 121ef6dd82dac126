import type { ExecInspect } from '../../../spec/docker/mod.ts';
import type { AttachSession } from '../containers.ts';

/**
 * Processes run in containers beside their first one. An *exec* is first made, then started once; its id is no
 * container's. Errors carry Docker's sentences. No client's hang-up ends one: the process goes on.
 */
export interface Execs {
  /** `conflict` unless the container runs and is not paused. */
  create(ref: string, request: ExecCreateRequest): Promise<{ id: string }>;
  /** Throws what keeps it from being started by now: `not-found`, or `conflict` by its container's state. */
  check(id: string): void;
  /**
   * Starts it. Without `detach`, gives the streams to it, of which the client gets what it asked for in `create`.
   * `conflict` where it runs or has run; `invalid` with an exit code on record where its command cannot be run.
   */
  start(id: string, options: ExecStartOptions): Promise<AttachSession | undefined>;
  /** Sets the window size of its terminal, in characters; waits up to ten seconds for its start. */
  resize(id: string, height: number, width: number): Promise<void>;
  inspect(id: string): ExecInspect;
}

export interface ExecCreateRequest {
  cmd: string[];
  user: string;
  privileged: boolean;
  tty: boolean;
  attachStdin: boolean;
  attachStdout: boolean;
  attachStderr: boolean;
  detachKeys: string;
  env: string[];
  workingDir: string;
  /** [height, width]. */
  consoleSize?: [number, number];
  /** A health check: one that ran on without its daemon is ended by the next. */
  isProbe?: boolean;
}

export interface ExecStartOptions {
  detach: boolean;
  /** The client reads a terminal's bytes as they are: they are not framed. */
  tty: boolean;
  consoleSize?: [number, number];
}
