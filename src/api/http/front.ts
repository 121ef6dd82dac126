import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { SILENT_UPGRADE } from './hijack.ts';
import { markLargeBody } from './large-body.ts';

/** Bound of a request's head, and how long it may take from its first byte on. */
const MAX_HEAD = 64 * 1024;
const HEAD_TIMEOUT_MS = 30_000;

const HIJACKS =
  /^POST (?:http:\/\/[^/ ]*)?(?:\/v[\d.]+)?\/(?:containers\/[^ ?]+\/attach|exec\/[^ ?]+\/start)(?:\?[^ ]*)? HTTP\/1\.[01]\r\n/;

/**
 * Reads the first head of a connection and hands the connection to `http`. A client that means to hijack without
 * saying so (no Upgrade header) gets one added, for otherwise the HTTP parser would take its input for a request.
 */
export function frontConnection(socket: Socket, http: HttpServer): void {
  let seen: Buffer = Buffer.alloc(0);
  let deadline: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    clearTimeout(deadline);
    socket.off('data', onData);
    socket.off('end', onEnd);
    socket.off('close', stop);
  };
  const refuse = (line: string) => {
    stop();
    socket.end(
      `HTTP/1.1 ${line}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${line}`,
    );
    // Nobody reads what else it sends.
    setTimeout(() => socket.destroy(), 1000).unref();
  };
  const onEnd = () => {
    stop();
    socket.destroy();
  };
  const onData = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const end = seen.indexOf('\r\n\r\n');
    if (end < 0 && seen.length <= MAX_HEAD) {
      deadline ??= setTimeout(() => refuse('408 Request Timeout'), HEAD_TIMEOUT_MS).unref();
      return;
    }
    if (end < 0 || end > MAX_HEAD) return refuse('431 Request Header Fields Too Large');
    stop();
    socket.pause();
    socket.unshift(markSilentHijack(seen, end));
    http.emit('connection', socket);
    socket.resume();
  };
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('close', stop);
}

/**
 * `bytes` with an Upgrade header added if their head, which ends at `end`, is of a hijack without one, or of a body that
 * is read off the socket.
 */
export function markSilentHijack(bytes: Buffer, end: number): Buffer {
  // All but a few requests are told apart by their first bytes.
  if (bytes[0] !== 0x50) return bytes;
  const head = bytes.toString('latin1', 0, end + 2);
  const line = HIJACKS.exec(head)?.[0];
  if (line === undefined) return markLargeBody(bytes, head);
  if (/\r\n(?:upgrade|transfer-encoding)[ \t]*:/i.test(head)) return bytes;
  const mark = Buffer.from(`Connection: Upgrade\r\nUpgrade: ${SILENT_UPGRADE}\r\n`);
  return Buffer.concat([bytes.subarray(0, line.length), mark, bytes.subarray(line.length)]);
}
