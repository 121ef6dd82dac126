import { EngineError } from '../../base/mod.ts';
import type { UnixDatagrams } from '../../sys/mod.ts';

const PAUSE_MS = 5;

/** Sends one datagram; waits while the receiver's queue is full. */
export function sendUnixDatagram(
  socket: UnixDatagrams,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  return untilTaken(() => socket.send(bytes), signal);
}

/** The same for an entry of the journal, of any size. */
export function sendJournalEntry(
  socket: UnixDatagrams,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  return untilTaken(() => socket.sendOrPass(bytes), signal);
}

async function untilTaken(send: () => boolean, signal: AbortSignal): Promise<void> {
  while (!send()) {
    if (signal.aborted) throw new EngineError('cancelled', 'the receiver takes nothing');
    // Why not wait for it in an epoll: it is rare, and a full queue of 10 or 512 empties at once or not for long.
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
