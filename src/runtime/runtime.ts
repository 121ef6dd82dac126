import type { ContainerId } from '../base/mod.ts';
import type { RuntimeSpec } from '../spec/oci/runtime.ts';
import type { InterfaceCounters } from '../sys/mod.ts';
import type { ExecProcess } from './bundle/exec-process.ts';
import type { LimitChange } from './cgroups/limit-writes.ts';
import type { CgroupUsage } from './cgroups/usage/usage.ts';
import type { NamedRuntime } from './crun/programs.ts';

/**
 * One container as processes of the OS. The *keeper* is the parent of all containers: it opens their stdio, runs the
 * OCI runtime, and writes each exit status to disk before it tells us. A *start number* counts the starts of one
 * container, so that an exit cannot be taken for that of a later life.
 */
export interface Runtime {
  /**
   * Connects to the keeper of this exec-root, and takes over what it holds. Throws if it is of another mount namespace.
   * Where no keeper left anything, it waits for none: one is started by `warmUp`, or by the first call that needs it.
   */
  open(): Promise<void>;
  /** Does ahead what the first container would wait for: starts the keeper, asks the OCI runtime for its version. */
  warmUp(): Promise<void>;
  /** Lets go of the keeper; it and the containers go on. A keeper that holds none ends. */
  close(): Promise<void>;
  /** What the keeper holds, for restore: running ones and ones whose exit nobody took yet. */
  list(): Promise<HeldContainer[]>;
  /**
   * Makes the FIFOs of one start under the exec-root, before logs and keeper open them. Idempotent.
   * With `tty` there is none.
   */
  prepareStdio(
    id: ContainerId,
    options: { tty: boolean; openStdin: boolean; owner?: { uid: number; gid: number } },
  ): Promise<StdioPaths>;
  /**
   * Writes the bundle and lets the OCI runtime create the container, stopped before its program. On failure nothing
   * is left, and the error is an EngineError whose message is what Docker prints after
   * `failed to create task for container: …` (runc's sentences), with `exitCode` 126 or 127 where Docker gives those.
   * An abort of `signal` ends it, whatever the OCI runtime is at: `cancelled`, unless it was done already.
   */
  create(request: CreateRequest, options?: { signal?: AbortSignal }): Promise<{ pid: number }>;
  /** Lets the program run. Fails, and is ended, as `create`. */
  start(id: ContainerId, options?: { signal?: AbortSignal }): Promise<void>;
  /** Sends a signal to the container's first process. `not-found` if it has ended. */
  signal(id: ContainerId, signal: number): Promise<void>;
  /** Changes limits of a container that runs: all, or none. */
  changeLimits(id: ContainerId, change: LimitChange): Promise<void>;
  pause(id: ContainerId): Promise<void>;
  resume(id: ContainerId): Promise<void>;
  /**
   * What a container that runs has used. Reads some 15 small files, a fraction of a millisecond. `not-found` if it
   * has ended.
   */
  usage(id: ContainerId): RuntimeUsage;
  /** Its processes, by the numbers that they have on the host, execs included. `not-found` if it has ended. */
  pids(id: ContainerId): number[];
  /** A duplicate of the PTY master, a descriptor of this process that the caller closes. */
  ptyMaster(id: ContainerId): Promise<number>;
  /** Sets the window size of a container's terminal, in characters. */
  resize(id: ContainerId, height: number, width: number): Promise<void>;
  /** Writer of the container's input; see StdinWriter. */
  openStdin(id: ContainerId): Promise<StdinWriter>;
  /**
   * Removes all traces of an ended (or, by force, running) container: runtime state, cgroup, bundle, FIFOs, and, unless
   * `keepExit`, exit files. Idempotent. Never beside a `create` of the same id: abort that.
   */
  delete(id: ContainerId, options?: { keepExit?: boolean }): Promise<void>;
  /** Forgets an exit that was recorded in the state: deletes its file. */
  acknowledgeExit(id: ContainerId, startNumber: number): Promise<void>;
  /** Called once for each exit, after its file is on disk. Also for exits that came while no daemon was connected, after `open`. */
  onExit(listener: (exit: ContainerExit) => void): void;
  /** More processes in containers that run. */
  readonly execs: RuntimeExecs;
  /** The default runtime's: `crun`, `runc`, or what daemon.json says. `unavailable` if there is none on this machine. */
  readonly name: string;
  /** Whether a create may ask for it. */
  hasRuntime(name: string): boolean;
  /** All that a create may ask for. */
  runtimes(): Record<string, NamedRuntime>;
  /** Name, version and commit of the default runtime, as `docker info` and `docker version` print. */
  version(): Promise<{ name: string; version: string; commit: string; path: string }>;
}

export interface RuntimeUsage extends CgroupUsage {
  /** Of its network namespace, by name; empty if it has just ended. */
  interfaces: Map<string, InterfaceCounters>;
}

export interface CreateRequest {
  id: ContainerId;
  startNumber: number;
  spec: RuntimeSpec;
  /** Name of the OCI runtime; the default one unless given. */
  runtime?: string;
  stdio: StdioPaths | undefined;
  tty: boolean;
  openStdin: boolean;
  stdinOnce: boolean;
  /** Size of the terminal, [height, width]; [0, 0] = unknown. */
  consoleSize: [number, number];
}

/** Paths of FIFOs. `staging` is the log pump's (design section 3): keeper and daemon both hold it open. */
export interface StdioPaths {
  directory: string;
  stdin: string | undefined;
  stdout: string;
  stderr: string;
  staging: string;
}

/** Bytes into a container. Writes never block a thread: they wait for room without holding anything else up. */
export interface StdinWriter {
  /** Resolves when the bytes are in the pipe; rejects with EPIPE when nobody reads any more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Half-close: closes every writing end that we hold, also the keeper's. For a TTY it only lets go. */
  end(): Promise<void>;
  /** Lets go without ending the input where `OpenStdin` without `StdinOnce`. */
  release(): void;
}

/** Processes that are run in a running container, beside its first one. */
export interface RuntimeExecs {
  /**
   * Runs a process. On failure nothing is left, and the error is an EngineError as of `create`, with the words of an
   * exec. An abort of `signal` ends its set-up. Its exit is told by `onExit`, maybe before this resolves.
   */
  start(request: ExecRequest, options?: { signal?: AbortSignal }): Promise<StartedExec>;
  /** What is on disk of those that run and of those that ended, for restore; half-made ones are removed. */
  list(): Promise<KnownExec[]>;
  /** Opens the output of one that runs anew, for a daemon that was not there when it began. */
  reopen(exec: Pick<KnownExec, 'execId' | 'tty'>): Promise<ExecOutput | undefined>;
  /** Sets the window size of its terminal, in characters. */
  resize(execId: string, height: number, width: number): Promise<void>;
  /** Ends one that runs, with what it has begun, by SIGKILL. Its exit is told as any. */
  kill(execId: string): Promise<void>;
  /** After its exit, once its output was read: pipes and terminal go, the record stays. Idempotent. */
  closeStreams(execId: string): Promise<void>;
  /** Removes all traces. Idempotent. A process that runs goes on. */
  forget(execId: string): Promise<void>;
  /** As of containers: once for each exit, after its file is on disk. */
  onExit(listener: (exit: ExecEnd) => void): void;
}

export interface ExecRequest {
  execId: string;
  id: ContainerId;
  process: ExecProcess;
  tty: boolean;
  /** Of pipes: which there are. The others are /dev/null. With a terminal, whether somebody types. */
  stdin: boolean;
  output: boolean;
  /** Whose its pipes are: the root of the container's user namespace. */
  owner?: { uid: number; gid: number };
  /** JSON that `list` gives back. */
  about: unknown;
}

export interface StartedExec {
  pid: number;
  output?: ExecOutput;
  stdin?: StdinWriter;
}

/** Where the log pump reads it. */
export type ExecOutput =
  | { stdio: { stdout: string; stderr: string; staging: string } }
  | { ptyMaster: number };

export interface KnownExec {
  execId: string;
  id: ContainerId;
  pid: number;
  tty: boolean;
  about: unknown;
  exit?: ExecEnd;
  /** `closeStreams` was called for it. */
  settled: boolean;
}

export interface ExecEnd {
  execId: string;
  exitCode: number;
  /** Milliseconds since 1970 with a fraction. */
  at: number;
}

export interface ContainerExit {
  id: ContainerId;
  startNumber: number;
  /** 0 to 255; 128 + n for signal n, as Docker. */
  exitCode: number;
  oomKilled: boolean;
  /** Milliseconds since 1970 with a fraction. */
  at: number;
  /** Set when the exit code could not be known. */
  error?: string;
}

export interface HeldContainer {
  id: ContainerId;
  startNumber: number;
  pid: number;
  /** False between create and start. */
  started: boolean;
  tty: boolean;
  /** Its processes are frozen; undefined where that cannot be known. */
  paused?: boolean;
  exit?: ContainerExit;
}
