import { ConnectionLost } from './errors.ts';

/** The records of a stream of JSON values, one a line (or back to back), as they arrive. */
export async function* jsonRecords<T>(body: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true });
    for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
      const line = pending.slice(0, end).trim();
      pending = pending.slice(end + 1);
      if (line) yield parse<T>(line);
    }
  }
  const last = (pending + decoder.decode()).trim();
  if (last) yield parse<T>(last);
}

function parse<T>(line: string): T {
  try {
    return JSON.parse(line) as T;
  } catch (cause) {
    throw new ConnectionLost(`invalid JSON in the answer: ${line.slice(0, 80)}`, { cause });
  }
}
