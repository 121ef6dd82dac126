import { type Hijacked, outputOf, splitOutput } from '../../client/mod.ts';
import type { Cli } from '../cli.ts';
import { rawMode } from '../terminal/raw-mode.ts';
import { DetachKeys, parseDetachKeys } from './detach-keys.ts';

export interface StreamOptions {
  stdin: boolean;
  /** The container has a terminal: output is not framed, and ours goes raw. */
  tty: boolean;
  detachKeys: string;
}

/**
 * Joins our streams to an attached container until its output ends, or until the person detaches. Resolves to how
 * it ended.
 */
export async function joinStreams(
  cli: Cli,
  attached: Hijacked,
  options: StreamOptions,
): Promise<'ended' | 'detached'> {
  const raw = options.stdin && options.tty ? rawMode() : undefined;
  const stop = new AbortController();
  try {
    const output = copyOutput(cli, attached, options.tty).then(() => 'ended' as const);
    if (!options.stdin) return await output;
    const keys = options.tty ? new DetachKeys(parseDetachKeys(options.detachKeys)) : undefined;
    const detached = copyInput(attached, keys, stop.signal);
    return await Promise.race([output, detached]);
  } finally {
    stop.abort();
    attached.close();
    raw?.[Symbol.dispose]();
  }
}

async function copyOutput(cli: Cli, attached: Hijacked, tty: boolean): Promise<void> {
  if (tty) {
    for await (const chunk of outputOf(attached)) await cli.stdout.stream(chunk);
    return;
  }
  for await (const { stream, data } of splitOutput(outputOf(attached))) {
    await (stream === 'stderr' ? cli.stderr : cli.stdout).stream(data);
  }
}

/** Settles only when the person detached: the end of stdin, or a container that reads no more, ends nothing. */
function copyInput(
  attached: Hijacked,
  keys: DetachKeys | undefined,
  signal: AbortSignal,
): Promise<'detached'> {
  return new Promise((resolve) => {
    void (async () => {
      try {
        for await (const chunk of Bun.stdin.stream()) {
          if (signal.aborted) return;
          const { send, detach } = keys ? keys.push(chunk) : { send: chunk, detach: false };
          if (send.length > 0) await attached.write(send);
          if (detach) return resolve('detached');
        }
        attached.end();
      } catch {
        // Compat: a container that closed its stdin, or our own stdin that cannot be read, is no error of the run.
      }
    })();
  });
}
