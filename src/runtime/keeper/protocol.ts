/**
 * What daemon and keeper say to each other over `<exec-root>/keeper.sock`: one JSON object a line. A request has a
 * number that its reply repeats; events have none. Compat: a newer daemon drives an older keeper, so operations and
 * fields are only ever added, and the daemon looks at `hello` before it uses a newer one.
 */
export const PROTOCOL_VERSION = 2;
/** The first that has `upgrade`. */
export const UPGRADE_VERSION = 2;
/** A request longer than this ends the connection. */
export const MAX_REQUEST = 1024 * 1024;
/** So does a reply: `list` takes up to 300 bytes a container. */
export const MAX_REPLY = 64 * 1024 * 1024;

export interface Operations {
  hello: { request: { version: number }; reply: HelloReply };
  create: { request: CreateOperation; reply: { pid: number; startTime: number } };
  start: { request: { id: string }; reply: Record<string, never> };
  /** Kills a `create` or a `start` that is under way; its request fails then. */
  abort: { request: { id: string }; reply: Record<string, never> };
  list: { request: Record<string, never>; reply: { containers: HeldState[] } };
  /** The number of the PTY master in the keeper; take it with pidfd_getfd. */
  ptyMaster: { request: { id: string }; reply: { fd: number } };
  closeStdin: { request: { id: string }; reply: Record<string, never> };
  /** Closes all descriptors held for the container and forgets it. Idempotent. */
  forget: { request: { id: string }; reply: Record<string, never> };
  /**
   * The keeper becomes another program by execve, with the same pid, children and descriptors (version 2). No reply:
   * the connection ends, and the socket is there again a moment later. A failure leaves it as it was.
   */
  upgrade: { request: { argv: string[] }; reply: never };
  /** Runs one more process in a container; its exit comes as an event. A keeper of before answers `bad-request`. */
  exec: { request: ExecOperation; reply: { pid: number; startTime: number } };
  /** The number of an exec's PTY master in the keeper; take it with pidfd_getfd. */
  execTerminal: { request: { execId: string }; reply: { fd: number } };
  /** Ends an `exec` that is under way, or lets go of what is held for it once it has ended. Idempotent. */
  execRelease: { request: { execId: string }; reply: Record<string, never> };
}

export type OperationName = keyof Operations;

export interface HelloReply {
  version: number;
  pid: number;
  mountNamespace: string;
  /** Digest of the program and version of what it runs on: see `keeperBuild`. */
  build: string;
}

export interface CreateOperation {
  id: string;
  startNumber: number;
  /** Directory with `config.json`; the keeper writes `held.json` and the runtime `pid` and `log` into it. */
  bundle: string;
  stdio?: { stdin?: string; stdout: string; stderr: string; staging: string };
  tty: boolean;
  /** Whether the keeper holds a writer of the input (OpenStdin without StdinOnce). */
  holdStdin: boolean;
  consoleSize: [number, number];
  runtime: RuntimeCommand;
  deadlineMs: number;
}

export interface ExecOperation {
  execId: string;
  /** The container. */
  id: string;
  /** Directory with `process.json` and the FIFOs; the runtime writes `pid` and `log` into it. */
  directory: string;
  /** What is not here is /dev/null. */
  stdio: { stdin?: string; stdout?: string; stderr?: string };
  tty: boolean;
  consoleSize: [number, number];
  runtime: RuntimeCommand;
  deadlineMs: number;
  /** The daemon's own words about it, kept in its file. */
  about: unknown;
}

/** Content of `exec/<exec id>.json`: written when the process runs, and again when it has ended. */
export interface ExecRecord extends Pick<ExecOperation, 'execId' | 'id' | 'tty' | 'stdio' | 'about'> {
  pid: number;
  startTime: number;
  exit?: ExecExit;
}

export interface ExecExit {
  execId: string;
  /** A wait status; undefined when it could not be known. */
  status?: number;
  /** Milliseconds since 1970. */
  at: number;
}

/** The OCI runtime's program, its state directory, and what stands before the verb. */
export interface RuntimeCommand {
  path: string;
  root: string;
  args: string[];
  /** The container waits at `<root>/<id>/exec.fifo` for one byte (crun): no process is needed to start it. */
  startByFifo: boolean;
}

export interface HeldState {
  id: string;
  startNumber: number;
  pid: number;
  startTime: number;
  started: boolean;
  tty: boolean;
  /** It ended while no keeper was there: the exit status is not known here. */
  lost?: boolean;
  exit?: ExitRecord;
}

/** Also the content of `exits/<id>.<start number>`. */
export interface ExitRecord {
  id: string;
  startNumber: number;
  /** A wait status; undefined when it could not be known. */
  status?: number;
  /** Milliseconds since 1970. */
  at: number;
}

export interface Failure {
  kind: 'runtime' | 'timeout' | 'aborted' | 'unknown-container' | 'bad-request' | 'internal';
  message: string;
  /** The runtime's log, for kind `runtime`. */
  log?: string;
}

export type Line =
  | { n: number; ok: unknown }
  | { n: number; failure: Failure }
  | { event: 'exit'; exit: ExitRecord }
  | { event: 'exec-exit'; execExit: ExecExit };

/** Thrown in the keeper, sent as a reply, thrown again in the daemon. */
export class KeeperFailure extends Error {
  override readonly name = 'KeeperFailure';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}
