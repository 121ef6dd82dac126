import type { Socket } from 'node:net';

const INTERVAL_MS = 1000;
const watched = new Map<Socket, () => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/**
 * Calls `gone` when the peer of a half-closed socket has closed the other half too. Neither Node nor Bun tells: the
 * socket stays `writeOnly` until a write fails, which for an idle container is never. Bun's native socket is gone at
 * once though (its `_handle.readyState`), so one timer looks at all half-closed sockets.
 */
export function watchHalfOpen(socket: Socket, gone: () => void): void {
  socket.once('end', () => {
    if (socket.destroyed) return;
    watched.set(socket, gone);
    timer ??= setInterval(look, INTERVAL_MS).unref();
  });
  socket.once('close', () => forget(socket));
}

function look(): void {
  for (const [socket, gone] of watched) {
    if (!isClosed(socket)) continue;
    forget(socket);
    gone();
  }
}

function forget(socket: Socket): void {
  watched.delete(socket);
  if (watched.size > 0 || timer === undefined) return;
  clearInterval(timer);
  timer = undefined;
}

function isClosed(socket: Socket): boolean {
  const handle = (socket as { _handle?: { readyState?: number } | null })._handle;
  // On Node the handle has no `readyState`; there a failing write has to tell.
  return (
    handle === null ||
    (typeof handle === 'object' && 'readyState' in handle && handle.readyState === undefined)
  );
}
