import { spawn } from 'node:child_process';
import { RunError } from './run.ts';

const STDERR_KEPT = 4096;

/**
 * Pours `source` through a program that reads standard input and writes standard output (`xz -dc`), and gives what
 * comes out, as it comes: the program is fed only as fast as its output is taken. Rejects with RunError if it cannot be
 * run (`code` ENOENT) or fails, and with what `source` threw. Leaving the loop early kills it.
 */
export async function* filter(
  argv: readonly [string, ...string[]],
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const [program, ...args] = argv;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-STDERR_KEPT);
  });
  // Failures of the pipes show as an early end of the program, or come with its own.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {});
  const ended = new Promise<RunError | undefined>((resolve) => {
    child.on('error', (cause) => resolve(new RunError(program, cause.message, { cause })));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(undefined);
      const why = code === null ? `killed by ${signal ?? 'a signal'}` : `exit code ${code}`;
      resolve(new RunError(program, why, { stderr, ...(code === null ? {} : { exitCode: code }) }));
    });
  });
  let isOver = false;
  const over = ended.then(() => {
    isOver = true;
  });
  let failed: { error: unknown } | undefined;
  const feeding = (async () => {
    try {
      for await (const chunk of source) {
        if (isOver) return;
        if (child.stdin.write(chunk)) continue;
        await Promise.race([new Promise((resolve) => child.stdin.once('drain', resolve)), over]);
      }
      child.stdin.end();
    } catch (error) {
      failed = { error };
      child.kill('SIGKILL');
    }
  })();
  try {
    try {
      for await (const chunk of child.stdout) yield chunk as Buffer;
    } catch {
      // "Premature close": why, the end of the program tells.
    }
    const failure = await ended;
    await Promise.race([feeding, over]);
    if (failed) throw failed.error;
    if (failure) throw failure;
  } finally {
    if (!isOver) child.kill('SIGKILL');
  }
}
