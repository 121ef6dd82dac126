import type { IncomingMessage } from 'node:http';

/** Bytes of a body that nobody has read yet, above which the client has to wait. */
const MAX_WAITING = 256 * 1024;

/**
 * Makes the client of a large body wait while nobody reads it. Bun reads a connection that was handed to its HTTP server
 * (as `frontConnection` does) as fast as it can, so that an upload to a slow disk would be in memory whole. Node looks
 * after that itself. Call it before anything of the body is read.
 */
export function boundBody(request: IncomingMessage): void {
  if (process.versions['bun'] === undefined) return;
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding === undefined && Number(length ?? 0) <= MAX_WAITING) return;
  const { socket } = request;
  const wait = () => {
    if (request.readableLength > MAX_WAITING) socket.pause();
  };
  const read = request._read;
  // A reader asks for more whenever little is left.
  request._read = (size) => {
    socket.resume();
    read.call(request, size);
  };
  socket.on('data', wait);
  const done = () => {
    socket.off('data', wait);
    request.off('end', done);
    request.off('close', done);
    socket.resume();
  };
  request.on('end', done);
  request.on('close', done);
}
