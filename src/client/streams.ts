import { FrameDecoder, STDERR, STDOUT, SYSTEM_ERROR } from '../spec/docker/mod.ts';
import { ClientError } from './errors.ts';

/** A piece of a container's output. */
export interface OutputPiece {
  stream: 'stdout' | 'stderr';
  data: Uint8Array;
}

/**
 * Splits framed output (logs, attach of a container without a terminal) into its streams, in order. Frames that
 * arrived together and are of the same stream are one piece. Throws what the engine reports in a frame of its own.
 */
export async function* splitOutput(body: AsyncIterable<Uint8Array>): AsyncGenerator<OutputPiece> {
  const decoder = new FrameDecoder();
  for await (const chunk of body) {
    let stream: OutputPiece['stream'] = 'stdout';
    let parts: Uint8Array[] = [];
    for (const frame of decoder.push(chunk)) {
      if (frame.stream === SYSTEM_ERROR) {
        throw new ClientError(`error from daemon in stream: ${new TextDecoder().decode(frame.data)}`);
      }
      if (frame.stream !== STDOUT && frame.stream !== STDERR) continue;
      const next = frame.stream === STDERR ? 'stderr' : 'stdout';
      if (next !== stream && parts.length > 0) {
        yield { stream, data: joined(parts) };
        parts = [];
      }
      stream = next;
      parts.push(frame.data);
    }
    if (parts.length > 0) yield { stream, data: joined(parts) };
  }
}

function joined(parts: Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The output of a hijacked connection as an iterable, for `splitOutput`. */
export async function* outputOf(connection: {
  read(): Promise<Uint8Array | null>;
}): AsyncGenerator<Uint8Array> {
  for (let chunk = await connection.read(); chunk; chunk = await connection.read()) yield chunk;
}
