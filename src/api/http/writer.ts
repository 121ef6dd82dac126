import type { Writable } from 'node:stream';
import { EngineError } from '../../base/mod.ts';

/**
 * Writes and resolves when the destination has room again, so that who produces pulls only then. Rejects with
 * `cancelled` when the destination is closed.
 */
export function writeAndDrain(out: Writable, data: string | Uint8Array): Promise<void> {
  if (out.destroyed || out.writableEnded) return Promise.reject(gone());
  if (out.write(data)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => () => {
      out.off('drain', drained);
      out.off('close', closed);
      finish();
    };
    const drained = settle(resolve);
    const closed = settle(() => reject(gone()));
    out.on('drain', drained);
    out.on('close', closed);
    // Race: it may have closed within `write`, whose `close` nobody heard.
    if (out.destroyed) closed();
  });
}

function gone(): EngineError {
  return new EngineError('cancelled', 'the client closed the connection');
}
