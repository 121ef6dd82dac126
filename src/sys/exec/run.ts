import { spawn } from 'node:child_process';

export interface RunOptions {
  /** Written to the child's standard input; without it, that is /dev/null. */
  input?: string | Uint8Array;
  /** The whole environment of the child; ours unless given. */
  env?: Record<string, string>;
  cwd?: string;
  /** The child is killed after so many milliseconds; 30,000 unless given. */
  deadlineMs?: number;
  /** Bytes kept of standard output; more kills the child. 16 MiB unless given. */
  maxOutput?: number;
  /** Codes that are no failure; [0] unless given. */
  accept?: readonly number[];
  signal?: AbortSignal;
}

export interface RunResult {
  code: number;
  stdout: Buffer;
  /** The last 8 KiB. */
  stderr: string;
}

/** A child process that could not be run, failed, was killed, took too long or said too much. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly program: string;
  /** Exit code, if it exited by itself. */
  readonly exitCode: number | undefined;
  readonly stderr: string;
  /** `ENOENT` when there is no such program. */
  readonly code: string | undefined;

  constructor(
    program: string,
    why: string,
    details: { exitCode?: number; stderr?: string; cause?: unknown },
  ) {
    const stderr = details.stderr?.trim() ?? '';
    super(`${program}: ${why}${stderr === '' ? '' : `: ${stderr}`}`, { cause: details.cause });
    this.program = program;
    this.exitCode = details.exitCode;
    this.stderr = stderr;
    const code = (details.cause as { code?: unknown } | undefined)?.code;
    this.code = typeof code === 'string' ? code : undefined;
  }
}

const STDERR_KEPT = 8 * 1024;

/**
 * Runs a program to its end. `argv[0]` is looked up in PATH; there is no shell. The child is killed (SIGKILL) when
 * `signal` fires or the deadline passes, and then its pipes are given up, whoever else holds them.
 */
export async function run(
  argv: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<RunResult> {
  const [program, ...args] = argv;
  const { signal, deadlineMs = 30_000, maxOutput = 16 * 1024 * 1024, accept = [0] } = options;
  signal?.throwIfAborted();
  const child = spawn(program, args, {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(options.env && { env: options.env }),
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  const output: Buffer[] = [];
  let size = 0;
  let stderr = Buffer.alloc(0);
  return await new Promise<RunResult>((resolve, reject) => {
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      finish();
    };
    const fail = (why: string, details: { exitCode?: number; cause?: unknown } = {}) =>
      settle(() => reject(new RunError(program, why, { ...details, stderr: stderr.toString('utf8') })));
    const kill = () => {
      child.kill('SIGKILL');
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
    };
    const timer = setTimeout(() => {
      kill();
      fail(`killed after ${deadlineMs} ms`);
    }, deadlineMs);
    const abort = () => {
      kill();
      settle(() => reject(signal?.reason));
    };
    signal?.addEventListener('abort', abort, { once: true });
    child.stdout?.on('data', (chunk: Buffer) => {
      output.push(chunk);
      size += chunk.length;
      if (size <= maxOutput) return;
      kill();
      fail(`more than ${maxOutput} bytes of output`);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = Buffer.concat([stderr, chunk]).subarray(-STDERR_KEPT);
    });
    // A child that does not read its input to the end is judged by its exit code.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', () => {});
    child.on('error', (cause) => fail(cause.message, { cause }));
    child.on('close', (code, killedBy) => {
      if (code === null) return fail(`killed by ${killedBy ?? 'a signal'}`);
      if (!accept.includes(code)) return fail(`exit code ${code}`, { exitCode: code });
      settle(() => resolve({ code, stdout: Buffer.concat(output), stderr: stderr.toString('utf8') }));
    });
    child.stdin?.end(options.input);
  });
}
