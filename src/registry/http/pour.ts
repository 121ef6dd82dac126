import type { ClientRequest } from 'node:http';
import { messageOf } from '../../base/mod.ts';
import { TransportError } from './transport-error.ts';

/** A body whose length is not known before; called once for each try, it gives the same bytes each time. */
export type StreamedBody = () => AsyncIterable<Uint8Array>;

/** The source of a streamed body failed: nothing that the peer did. */
export class SourceError extends Error {
  override readonly name = 'SourceError';

  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/**
 * Writes a streamed body, as fast as the peer takes it, and ends the request. Stops without a word when the request
 * is over before (an early answer, an error, a cancel: others tell of it). Rejects with SourceError, and with
 * `stalled` when the peer takes nothing for `stallMs`.
 */
export async function pour(
  request: ClientRequest,
  body: StreamedBody,
  url: URL,
  stallMs: number,
): Promise<void> {
  const source = body()[Symbol.asyncIterator]();
  let over = false;
  let wake = () => {};
  const end = () => {
    over = true;
    wake();
  };
  for (const event of ['close', 'error', 'response'] as const) request.once(event, end);
  request.on('drain', () => wake());
  try {
    while (!over) {
      const next = await source.next().catch((error: unknown) => {
        throw new SourceError(error);
      });
      if (next.done) {
        if (!over) request.end();
        return;
      }
      if (over || next.value.length === 0 || request.write(next.value)) continue;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      wake = resolve;
      const reason = `write: no progress within ${stallMs / 1000} seconds`;
      const stalled = () => reject(new TransportError(request.method, url, 'stalled', reason));
      const timer = setTimeout(stalled, stallMs);
      await promise.finally(() => clearTimeout(timer));
    }
  } finally {
    await source.return?.();
  }
}
