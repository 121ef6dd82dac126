import type { AttachSession } from '../../engine/containers/mod.ts';
import { frameHeader, STDERR, STDOUT } from '../../spec/docker/mod.ts';
import { CoalescingWriter } from '../http/coalesce.ts';
import { type Hijack, MULTIPLEXED_STREAM, RAW_STREAM } from '../http/hijack.ts';
import type { ApiRequest } from '../http/request.ts';

/** The content type of a hijacked connection. Compat: framed streams said raw-stream before 1.42. */
export function streamType(tty: boolean, { version }: Pick<ApiRequest, 'version'>): string {
  return tty || version.below('1.42') ? RAW_STREAM : MULTIPLEXED_STREAM;
}

/**
 * Moves bytes both ways until the output ends or the client is gone; then both are closed. Output is pulled only
 * when the client's socket has room, input read only when the container has. `framed` is right unless given: a
 * terminal's output has one stream.
 */
export async function pipeSession(
  session: AttachSession,
  connection: Pick<Hijack, 'signal' | 'input' | 'write' | 'end'>,
  options: { stdin: boolean; framed?: boolean },
): Promise<void> {
  const close = () => session.close();
  connection.signal.addEventListener('abort', close, { once: true });
  if (connection.signal.aborted) close();
  // Also without stdin: reading is how the end of a connection is seen.
  void pipeInput(session, connection, options.stdin).catch(close);
  try {
    await pipeOutput(session, connection, options.framed ?? !session.tty);
  } catch {
    // The client is gone, or the output broke off: in both cases the connection ends, and the client sees that.
  } finally {
    connection.signal.removeEventListener('abort', close);
    close();
    connection.end();
  }
}

async function pipeInput(
  session: AttachSession,
  connection: Pick<Hijack, 'input'>,
  stdin: boolean,
): Promise<void> {
  for await (const chunk of connection.input) {
    if (stdin) await session.write(chunk);
  }
  if (stdin) await session.endInput();
}

async function pipeOutput(
  session: AttachSession,
  connection: Pick<Hijack, 'write'>,
  framed: boolean,
): Promise<void> {
  const writer = new CoalescingWriter((data) => connection.write(data));
  for await (const { stream, data } of session.output) {
    if (framed) await writer.append(frameHeader(stream === 'stderr' ? STDERR : STDOUT, data.length), data);
    else await writer.append(data);
  }
  await writer.flush();
}
