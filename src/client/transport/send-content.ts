import type { Connection } from './connection.ts';

const CRLF = new Uint8Array([13, 10]);
const encoder = new TextEncoder();

/** Sends a body of unknown length in chunks. Spec: RFC 9112, 7.1. Rejects with what `content` threw. */
export async function sendContent(connection: Connection, content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of content) {
    if (chunk.length === 0) continue;
    const head = connection.write(encoder.encode(`${chunk.length.toString(16)}\r\n`));
    const body = connection.write(chunk);
    await Promise.all([head, body, connection.write(CRLF)]);
  }
  await connection.write(encoder.encode('0\r\n\r\n'));
}

/** A source that failed: the request is given up. Whatever else goes wrong with sending, the engine's answer tells. */
export class SourceFailed extends Error {
  override readonly name = 'SourceFailed';
}

/** Marks failures of the source itself. */
export async function* marked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (cause) {
    throw new SourceFailed((cause as Error).message, { cause });
  }
}
