import type { OutputChunk, Subscription } from '../../../logs/mod.ts';
import type { AttachSession } from '../containers.ts';
import { announce, type ContainersContext } from '../context.ts';
import { DetachKeys } from '../detach-keys.ts';
import type { Exec } from './exec.ts';

/** The streams of the one client of an exec that was started. `tty`: it reads them without frames. */
export function execSession(
  context: ContainersContext,
  exec: Exec,
  options: { tty: boolean; subscription: Subscription | undefined },
): AttachSession {
  const { settings } = exec;
  const { subscription } = options;
  const keys = new DetachKeys(settings.detachKeys);
  const gone = Promise.withResolvers<void>();
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    subscription?.close();
    gone.resolve();
    // Compat: the end of the client is the end of a pipe's input; a terminal stays as it is, and so does the process.
    if (!settings.tty) void endInput(exec);
  };
  return {
    tty: options.tty,
    output: output(exec, subscription, gone.promise, close),
    async write(bytes) {
      if (!open) return;
      const cut = settings.tty ? keys.push(bytes) : { pass: bytes, detached: false };
      // EPIPE: the program reads no more; Docker drops what still comes.
      if (cut.pass.length > 0) await exec.stdin?.write(cut.pass).catch(() => {});
      if (!cut.detached) return;
      announce(context, exec.container, 'exec_detach', { execID: exec.id });
      close();
    },
    async endInput() {
      if (!settings.tty) await endInput(exec);
    },
    close,
  };
}

async function* output(
  exec: Exec,
  subscription: Subscription | undefined,
  gone: Promise<void>,
  close: () => void,
): AsyncIterable<OutputChunk> {
  const { attachStdin, attachStdout, attachStderr, tty } = exec.settings;
  const wanted = ({ stream }: OutputChunk) => (stream === 'stdout' ? attachStdout || tty : attachStderr);
  try {
    for await (const chunk of subscription ?? []) if (wanted(chunk)) yield chunk;
    // Compat: one with no stream at all is let go at once.
    if (!subscription && attachStdin) await Promise.race([exec.over, gone]);
  } finally {
    close();
  }
}

async function endInput({ stdin }: Exec): Promise<void> {
  await stdin?.end().catch(() => {});
}
