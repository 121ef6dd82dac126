import { FrameDecoder, STDERR, STDOUT, SYSTEM_ERROR } from '../spec/docker/mod.ts';
import { ClientError } from './errors.ts';

/** A piece of a container's output. */
export interface OutputPiece {
  stream: 'stdout' | 'stderr';
  data: Uint8Array;
}

/**
 * Splits framed output (logs, attach of a container without a terminal) into its streams. Throws what the engine
 * reports in a frame of its own.
 */
export async function* splitOutput(body: AsyncIterable<Uint8Array>): AsyncGenerator<OutputPiece> {
  const decoder = new FrameDecoder();
  for await (const chunk of body) {
    for (const { stream, data } of decoder.push(chunk)) {
      if (stream === SYSTEM_ERROR) {
        throw new ClientError(`error from daemon in stream: ${new TextDecoder().decode(data)}`);
      }
      if (stream === STDOUT || stream === STDERR)
        yield { stream: stream === STDERR ? 'stderr' : 'stdout', data };
    }
  }
}

/** The output of a hijacked connection as an iterable, for `splitOutput`. */
export async function* outputOf(connection: {
  read(): Promise<Uint8Array | null>;
}): AsyncGenerator<Uint8Array> {
  for (let chunk = await connection.read(); chunk; chunk = await connection.read()) yield chunk;
}
