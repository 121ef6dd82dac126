import type { Socket } from 'node:net';
import { duplicate } from './file-io.ts';
import { libc, tryCall } from './libc.ts';

const setsockoptCall = libc.func(
  'int setsockopt(int fd, int level, int name, const void *value, uint length)',
);

const SOL_SOCKET = 1;
const SO_RCVLOWAT = 18;
const value = new Int32Array(1);

/**
 * A second descriptor of a connected socket, non-blocking, with which its bytes can be read elsewhere once the socket
 * itself is destroyed. Undefined where the runtime does not tell the descriptor (Bun 1.4 and Node 10 to 26 do), or
 * where there are none left.
 */
export function takeDescriptor(socket: Socket): number | undefined {
  const fd = (socket as { _handle?: { fd?: unknown } })._handle?.fd;
  if (typeof fd !== 'number' || fd < 0) return undefined;
  try {
    return duplicate(fd);
  } catch {
    return undefined;
  }
}

/**
 * What lets somebody else read a socket for a while, by a descriptor of its own. `pause` holds from the next turn of the
 * event loop on. Why not `socket.pause()`: that stops the stream, and Bun reads on until its buffer is full.
 */
export const socketLending = {
  pause: (socket: Socket): void => callHandle(socket, 'pause', 'readStop'),
  resume: (socket: Socket): void => callHandle(socket, 'resume', 'readStart'),
  take: takeDescriptor,
};

/** Bun's handle knows the first name, Node's the second. */
function callHandle(socket: Socket, ...names: readonly string[]): void {
  const handle = (socket as { _handle?: Record<string, unknown> | null })._handle;
  for (const name of names) {
    const call = handle?.[name];
    if (typeof call !== 'function') continue;
    call.call(handle);
    return;
  }
}

/** A socket counts as readable from so many bytes on (or at its end): fewer, larger reads. socket(7), SO_RCVLOWAT. */
export function setReceiveLowWater(fd: number, bytes: number): void {
  value[0] = bytes;
  tryCall(() => setsockoptCall(fd, SOL_SOCKET, SO_RCVLOWAT, new Uint8Array(value.buffer), 4));
}
